"""Annotations in the layout of PASCAL VOC to COCO's format."""
import os
import os.path as osp
import xml.etree.ElementTree as ElementTree
from typing import Optional, Sequence

from fcos_mm.errors import UserError

from .coco import CocoWriter, find_images, image_size, require_folder

IMAGE_FOLDER = 'JPEGImages'
_SPLIT_FOLDER = osp.join('ImageSets', 'Main')
_CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')


def voc_splits(root: str) -> list:
    """Names of the splits of a dataset.

    PASCAL VOC also has files about one class (``cat_train.txt``), with a
    second word in every line. Those are no splits.

    Args:
        root: Folder that holds Annotations, ImageSets and JPEGImages.

    Raises:
        UserError: If there are none.
    """
    folder = osp.join(root, _SPLIT_FOLDER)
    require_folder(root, f'Annotations, {_SPLIT_FOLDER} and {IMAGE_FOLDER}')
    require_folder(folder, 'a text file per split with one image name a line')
    splits = [name[:-4] for name in sorted(os.listdir(folder)) if name.endswith('.txt')
              and all(len(words) == 1 for words in _lines(osp.join(folder, name))[:1])]
    if not splits:
        raise UserError(f'No split in {folder}.\nWrite one, for example train.txt, with one '
                        'image name without its ending a line.')
    return splits


def _lines(path: str) -> list:
    """Words of each line that is not empty."""
    with open(path, encoding='utf-8') as file:
        return [line.split() for line in file if line.strip()]


def voc_classes(root: str) -> list:
    """Sorted names of all objects of a dataset, whatever split they are in.

    Args:
        root: Folder that holds Annotations.

    Raises:
        UserError: If there are none.
    """
    folder = osp.join(root, 'Annotations')
    require_folder(folder, 'an XML file per image')
    names = set()
    for name in sorted(os.listdir(folder)):
        if name.endswith('.xml'):
            try:
                tree = ElementTree.parse(osp.join(folder, name))
            except ElementTree.ParseError:
                continue  # reported with the split that lists it
            names |= {(item.findtext('name') or '').strip() for item in tree.iter('object')}
    names.discard('')
    if not names:
        raise UserError(f'No object has a name in the XML files of {folder}.\n'
                        'Check that this is the folder of the annotations.')
    return sorted(names)


def convert_voc(root: str, split: str, *, classes: Sequence[str], one_based: bool = False
                ) -> CocoWriter:
    """Read one split.

    Args:
        root: Folder that holds Annotations, ImageSets and JPEGImages.
        split: Name of a file in ImageSets/Main, without its ending.
        classes: Names of the classes; objects of other names are skipped.
        one_based: Whether pixels count from 1 and xmax, ymax are the last
            ones inside, as in PASCAL VOC's own files: 1 is then subtracted
            from xmin and ymin. Otherwise the numbers are taken as corners.

    Returns:
        CocoWriter: Images, boxes and the report.

    Raises:
        UserError: If a folder, the split or a class is missing.
    """
    require_folder(osp.join(root, IMAGE_FOLDER), 'the images')
    _check_classes(root, classes)
    names = _read_split(root, split)
    files = {osp.splitext(path)[0]: path
             for path in reversed(list(find_images(osp.join(root, IMAGE_FOLDER))))}
    writer = CocoWriter(classes)
    for name in names:
        if name not in files:
            writer.fault(f'images skipped: not in {IMAGE_FOLDER}', name)
        else:
            _add_image(writer, root, files[name], one_based)
    return writer


def _check_classes(root: str, classes: Sequence[str]) -> None:
    known = voc_classes(root)
    lost = [name for name in classes if name not in known]
    if lost:
        raise UserError(f'No object of {root} is called {lost}.\n'
                        f'The names in its annotations are {known}.')


def _read_split(root: str, split: str) -> list:
    """Image names of a split."""
    splits = voc_splits(root)
    path = osp.join(root, _SPLIT_FOLDER, f'{split}.txt')
    if split not in splits:
        raise UserError(f'Not a split: {path}\nThe splits of this dataset are {splits}.')
    return [words[0] for words in _lines(path)]


def _add_image(writer: CocoWriter, root: str, file_name: str, one_based: bool) -> None:
    """Add an image with its boxes, or note why it is skipped."""
    path = osp.join(root, 'Annotations', osp.splitext(file_name)[0] + '.xml')
    if not osp.isfile(path):
        writer.fault('images skipped: no XML file in Annotations', file_name)
        return
    try:
        tree = ElementTree.parse(path).getroot()
        size = image_size(osp.join(root, IMAGE_FOLDER, file_name))
    except ElementTree.ParseError as error:
        writer.fault('images skipped: broken XML', f'{path} ({error})')
        return
    except ValueError as error:
        writer.fault('images skipped: not an image', str(error))
        return
    said = tuple(_positive(tree.findtext(f'size/{side}')) for side in ('width', 'height'))
    if None not in said and said != size:
        writer.fault('images skipped: size in the XML file is not that of the image',
                     f'{path}: {said}, image {size}')
        return
    writer.add_image(file_name, *size)
    for number, item in enumerate(tree.iter('object'), 1):
        _add_object(writer, item, f'{osp.basename(path)}, object {number}', one_based)


def _positive(text: Optional[str]) -> Optional[int]:
    """A side of the image; None where the file leaves it out or writes 0."""
    try:
        return int(float(text)) or None
    except (TypeError, ValueError):
        return None


def _add_object(writer: CocoWriter, item: ElementTree.Element, where: str, one_based: bool
                ) -> None:
    name = (item.findtext('name') or '').strip()
    if name not in writer.classes:
        writer.fault(f'boxes skipped: class {name!r} not asked for', where)
        return
    try:
        box = [float(item.findtext(f'bndbox/{corner}')) for corner in _CORNERS]
    except (TypeError, ValueError):
        writer.fault(f'boxes skipped: bndbox lacks a number of {_CORNERS}', where)
        return
    if one_based:
        box[:2] = box[0] - 1, box[1] - 1
    difficult = (item.findtext('difficult') or '').strip() == '1'
    if difficult:
        writer.fault('boxes marked difficult, written as crowd', where)
    writer.add_box(writer.classes.index(name), box, where, crowd=difficult)
