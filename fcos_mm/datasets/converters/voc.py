"""Convert annotations with one XML file per image, as in PASCAL VOC, to COCO's format."""
import os
import os.path as osp
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence

from fcos_mm.datasets.converters.coco import CocoWriter, find_files
from fcos_mm.datasets.converters.voc_layout import ALL, VocLayout, read_lines, voc_layout
from fcos_mm.errors import UserError

_CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')


def voc_classes(root: str) -> list[str]:
    """Sorted names of all objects of a dataset, whatever split they are in.

    Raises:
        UserError: If it has another layout or no object has a name.
    """
    folder = voc_layout(root).annotations
    names = set()
    for path in find_files(folder, '.xml'):
        try:
            tree = ElementTree.parse(osp.join(folder, path))
        except (ElementTree.ParseError, ValueError):
            continue  # reported with the split that it is in
        names |= {(item.findtext('name') or '').strip() for item in tree.iter('object')}
    names.discard('')
    if not names:
        raise UserError(f'No object has a name in the XML files of {folder}.\n'
                        'Check that this is the folder of the annotations.')
    return sorted(names)


def convert_voc(root: str, split: str, *, classes: Sequence[str] | None = None,
                one_based: bool = False) -> CocoWriter:
    """Read one split.

    Args:
        classes: Names of the classes; objects of other names are left out. None takes all
            names of the dataset, sorted.
        one_based: Whether pixels count from 1 and xmax, ymax are the last
            ones inside, as in PASCAL VOC's own files: 1 is then subtracted
            from xmin and ymin. Otherwise the numbers are taken as corners.

    Raises:
        UserError: If a folder, the split or a class is missing.
    """
    layout = voc_layout(root)
    if split not in layout.splits:
        place = layout.split_file(split) if layout.listed else osp.join(root, split)
        raise UserError(f'Not a split: {place}\nThe splits of this dataset are {layout.splits}.')
    known = voc_classes(root)
    classes = known if classes is None else classes
    lost = [name for name in classes if name not in known]
    if lost:
        raise UserError(f'{root} has no objects named {lost}.\n'
                        f'The names in its annotations are {known}.')
    writer = CocoWriter(classes)
    for path in _images_of(layout, split, writer):
        _add_image(writer, layout, path, one_based)
    return writer


def _images_of(layout: VocLayout, split: str, writer: CocoWriter) -> Iterator[str]:
    """Paths of the images of a split; those that a list names in vain are noted."""
    folder = '' if layout.listed or split == ALL else split
    paths = [osp.join(folder, path).replace(os.sep, '/')
             for path in find_files(osp.join(layout.images, folder))]
    if not layout.listed:
        yield from paths
        return
    files = {osp.splitext(path)[0]: path for path in reversed(paths)}
    files.update((path, path) for path in paths)  # some lists name files with their ending
    for name in read_lines(layout.split_file(split)):
        if name in files:
            yield files[name]
        else:
            writer.fault(f'images skipped: not in {osp.basename(layout.images)}', name)


def _add_image(writer: CocoWriter, layout: VocLayout, file_name: str, one_based: bool) -> None:
    """Add an image with its boxes, or note why it is skipped."""
    path = osp.join(layout.annotations, osp.splitext(file_name)[0] + '.xml')
    if not osp.isfile(path):
        writer.fault('images skipped: no XML file with the same name', file_name)
        return
    try:
        tree = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, ValueError) as error:  # an encoding that Python does not know
        writer.fault('images skipped: broken XML', f'{path} ({error})')
        return
    size = writer.read_size(osp.join(layout.images, file_name))
    if size is None:
        return
    said = tuple(_positive(tree.findtext(f'size/{side}')) for side in ('width', 'height'))
    if None not in said and said != size:
        writer.fault('images skipped: size in the XML file does not match the image',
                     f'{path}: {said}, image {size}')
        return
    writer.add_image(file_name, *size)
    for number, item in enumerate(tree.iter('object'), 1):
        _add_object(writer, item, f'{osp.basename(path)}, object {number}', one_based)


def _positive(text: str | None) -> int | None:
    """A side of the image; None where the file leaves it out or writes 0."""
    try:
        return int(float(text)) or None
    except (TypeError, ValueError):
        return None


def _add_object(writer: CocoWriter, item: ElementTree.Element, where: str, one_based: bool
                ) -> None:
    name = (item.findtext('name') or '').strip()
    if name not in writer.classes:
        writer.fault(f'boxes left out: class {name!r} not selected', where)
        return
    try:
        box = [float(item.findtext(f'bndbox/{corner}')) for corner in _CORNERS]
    except (TypeError, ValueError):
        writer.fault(f'boxes skipped: bndbox needs the numbers {_CORNERS}', where)
        return
    if one_based:
        box[:2] = box[0] - 1, box[1] - 1
    difficult = (item.findtext('difficult') or '').strip() == '1'
    if difficult:
        writer.fault('boxes marked difficult, written as crowd', where)
    writer.add_box(writer.classes.index(name), box, where, crowd=difficult)
