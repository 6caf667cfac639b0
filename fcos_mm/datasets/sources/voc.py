"""Datasets with an XML file per image, by the converter from VOC."""
import os.path as osp

from fcos_mm.datasets.converters import convert_voc, voc_classes, voc_layout
from fcos_mm.datasets.converters.coco import IMAGE_SUFFIXES
from fcos_mm.datasets.converters.voc_layout import ALL, has_annotations
from fcos_mm.datasets.sources.source import Content, Files, by_split
from fcos_mm.datasets.sources.writer import content_of


class VocSource:
    """A folder that :func:`voc_layout` understands.

    Args:
        root: The folder.

    Raises:
        UserError: If images or a training set are missing.
    """

    def __init__(self, root: str) -> None:
        self.layout = layout = voc_layout(osp.abspath(root))
        self._names, self.notes = by_split({name: name for name in layout.splits}, root, 'splits')
        self.splits = tuple(self._names)
        self.inputs = [Files(layout.images, IMAGE_SUFFIXES), Files(layout.annotations, ('.xml', ))]
        if layout.listed:
            self.inputs += [Files(layout.split_file(name)) for name in self._names.values()]
        self.text = self._text()
        self._classes: list[str] = []

    def _text(self) -> str:
        layout, names = self.layout, [*self._names.values()]
        if layout.annotations != layout.images:
            folders = [osp.basename(layout.annotations), osp.basename(layout.images)]
            lists = [f"ImageSets/Main ({', '.join(names)})"] if layout.listed else []
            return 'PASCAL VOC: ' + ', '.join(folders + lists)
        within = '' if names == [ALL] else f" in {', '.join(names)}"
        return f'PASCAL VOC: XML files beside the images{within}'

    def read(self, split: str) -> Content:
        """Convert a split, with all names of the dataset as classes."""
        self._classes = self._classes or voc_classes(self.layout.root)
        writer = convert_voc(self.layout.root, self._names[split], classes=self._classes)
        return content_of(writer, self.layout.images, split)


def find_voc(root: str) -> VocSource | None:
    """The dataset with XML files in a folder; None if there are none."""
    return VocSource(root) if has_annotations(root) else None
