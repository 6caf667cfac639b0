"""Datasets with an XML file per image, by the converter from VOC."""
import os.path as osp
from collections.abc import Iterator

from fcos_mm.datasets.converters import convert_voc, voc_layout
from fcos_mm.datasets.converters.coco import paths_below
from fcos_mm.datasets.converters.voc_layout import ALL, VocLayout, has_annotations
from fcos_mm.datasets.sources.source import Content, by_split, split_word
from fcos_mm.datasets.sources.writer import content_of


class VocSource:
    """A folder in the layout of VOC.

    Raises:
        UserError: If there is no training set or more than one.
    """

    def __init__(self, layout: VocLayout) -> None:
        self.layout, self.root = layout, layout.root
        self._names, self.notes = by_split(
            {name: name for name in layout.splits}, layout.root, 'splits')
        self.splits = tuple(self._names)
        self.text = self._text()

    def files(self) -> Iterator[str]:
        """Images, XML files and lists."""
        layout = self.layout
        yield from paths_below(layout.images)
        yield from paths_below(layout.annotations, '.xml')
        if layout.listed:
            yield from map(layout.split_file, self._names.values())

    def _text(self) -> str:
        layout, names = self.layout, [*self._names.values()]
        if layout.annotations != layout.images:
            folders = [osp.basename(layout.annotations), osp.basename(layout.images)]
            lists = [f"ImageSets/Main ({', '.join(names)})"] if layout.listed else []
            return 'PASCAL VOC: ' + ', '.join(folders + lists)
        within = '' if names == [ALL] else f" in {', '.join(names)}"
        return f'PASCAL VOC: XML files next to the images{within}'

    def read(self, split: str) -> Content:
        """Convert a split, with all names of the dataset as classes."""
        writer = convert_voc(self.root, self._names[split])
        return content_of(writer, self.layout.images, split)

    as_written = read


def find_voc(root: str) -> VocSource | None:
    """The dataset with XML files in a folder; None if there are none.

    Folders that are not called like splits are datasets of their own.
    """
    if not has_annotations(root):
        return None
    layout = voc_layout(root)
    below = not layout.listed and layout.splits != [ALL]
    return None if below and not any(map(split_word, layout.splits)) else VocSource(layout)
