"""Checks of a COCO-format annotation file: its form and fields."""
import os.path as osp
from collections.abc import Callable, Sequence

from fcos_mm.datasets.coco_format import is_id, read_coco
from fcos_mm.errors import UserError, shorten
from fcos_mm.faults import EXAMPLES, Faults

from .source import CocoSource

_LARGEST = 1e9  # pixels
_IMAGE_FIELDS = ('id', 'file_name', 'width', 'height')
_BOX_FIELDS = ('id', 'image_id', 'category_id', 'bbox', 'area')


def read_annotation_file(source: CocoSource,
                         warn: Callable[[str], None] | None = None) -> dict:
    """Read an annotation file and check that it is a COCO dictionary.

    Args:
        source: The dataset whose file is read.
        warn: Called with a line about each category that is ignored.

    Returns:
        dict: The lists ``images``, ``annotations`` and ``categories``. A
        dataset in test mode may lack annotations; its list is then empty.

    Raises:
        UserError: If the file is missing, not JSON or not a COCO dictionary.
    """
    path = source.ann_file
    if not osp.isfile(path):
        raise UserError(
            f'Annotation file not found: {path}\n'
            f'It is data_root + ann_file of {source.key}. Set '
            f'{source.key}.data_root to the folder of the data and '
            f'{source.key}.ann_file to the file inside it.')
    return _check_form(read_coco(path, warn), source)


def _check_form(data, source: CocoSource) -> dict:
    wanted = ['images', 'annotations', 'categories']
    if source.test_mode and isinstance(data, dict):
        data.setdefault('annotations', [])
    found = sorted(data) if isinstance(data, dict) else type(data).__name__
    for name in wanted:
        if not isinstance(data, dict) or not isinstance(data.get(name), list):
            raise UserError(
                f'Annotation file is not in COCO format: {source.ann_file} '
                f'has no list {name!r} (found: {found}).\n'
                f'{source.key} needs a JSON object with the lists {wanted}; '
                'tools/dataset_converters/ makes one from VOC or YOLO data.')
    return data


def check_fields(source: CocoSource, data: dict, evaluated: bool) -> None:
    """Check that images and annotations have the fields that are read.

    Args:
        source: The dataset.
        data: Its annotation file's contents.
        evaluated: Whether boxes are compared with detections, which needs
            the field ``iscrowd`` too.

    Raises:
        UserError: If a field is missing, an id is used twice, a box belongs
            to an image or a category that the file does not list, or
            ``iscrowd`` is not 0 or 1.
    """
    box_fields = _BOX_FIELDS + (('iscrowd', ) if evaluated else ())
    faults = Faults()
    for name, fields in (('images', _IMAGE_FIELDS), ('annotations', box_fields),
                         ('categories', ('id', 'name'))):
        with faults.gather():
            _check_entries(source, name, data[name], fields)
    faults.raise_all()
    _check_images(source, data['images'])
    for field, name in (('image_id', 'images'), ('category_id', 'categories')):
        with faults.gather():
            _check_references(source, data, field, name)
    with faults.gather():
        _check_crowds(source, data)
    faults.raise_all()


def _check_images(source: CocoSource, images: Sequence[dict]) -> None:
    for image in images:
        if not isinstance(image['file_name'], str) or not image['file_name']:
            raise UserError(f"{source.ann_file}: image {image['id']!r} has the file_name "
                            f"{shorten(image['file_name'])}.\nWrite the name of its file.")
        if not _is_size(image['width']) or not _is_size(image['height']):
            raise UserError(
                f"{source.ann_file}: image {image['file_name']} has width "
                f"{image['width']!r} and height {image['height']!r}.\n"
                'Write its true size in pixels.')


def _is_size(value) -> bool:
    return isinstance(value, (int, float)) and 0 < value < _LARGEST


def _check_entries(source: CocoSource, name: str, entries: Sequence,
                   fields: Sequence[str]) -> None:
    seen = set()
    for index, entry in enumerate(entries):
        lost = [key for key in fields
                if not isinstance(entry, dict) or key not in entry]
        if lost:
            hint = {'area': 'width * height of the box', 'iscrowd': '0'}
            raise UserError(
                f'{source.ann_file}: entry {index} of {name!r} '
                f'({shorten(entry)}) lacks {lost}.\nAdd the missing fields'
                + ''.join(f'; {key} is {hint[key]}'
                          for key in lost if key in hint) + '.')
        if not is_id(entry['id']):
            raise UserError(f"{source.ann_file}: entry {index} of {name!r} has the id "
                            f"{shorten(entry['id'])}.\nGive it a whole number below 2**63, or "
                            'text.')
        if entry['id'] in seen:
            raise UserError(
                f"{source.ann_file}: the id {entry['id']!r} is used twice in "
                f'{name!r}.\nGive every entry an id of its own; when files '
                'were merged, number the entries anew.')
        seen.add(entry['id'])
    if name != 'annotations' and len({isinstance(key, str) for key in seen}) > 1:
        raise UserError(f'{source.ann_file}: the ids of {name!r} are numbers and text.\n'
                        'Write all of them as numbers, or all as text.')


def _check_references(source: CocoSource, data: dict, field: str,
                      name: str) -> None:
    """Every annotation's ``field`` must be the id of an entry of ``name``."""
    known = {entry['id'] for entry in data[name]}
    files = {image['id']: image['file_name'] for image in data['images']}
    wrong = [box for box in data['annotations']
             if not is_id(box[field]) or box[field] not in known]
    if wrong:
        cases = [
            f"annotation {box['id']} ({_file_of(box, files)}) has "
            f'{field} {shorten(box[field])}' for box in wrong[:EXAMPLES]
        ]
        raise UserError(
            f'{source.ann_file}: {len(wrong)} of {len(data["annotations"])} '
            f'annotations have a {field} that is not the id of an entry of '
            f'{name!r}:\n  ' + '\n  '.join(cases) +
            f'\nAdd the missing entries to {name!r}, or correct or delete '
            'these annotations.')


def _check_crowds(source: CocoSource, data: dict) -> None:
    """``iscrowd``, where it is, must be 0 or 1: any text would mean a crowd."""
    files = {image['id']: image['file_name'] for image in data['images']}
    wrong = [box for box in data['annotations'] if box.get('iscrowd', 0) not in (0, 1)]
    if wrong:
        cases = [f"annotation {box['id']} ({_file_of(box, files)}) has "
                 f"{shorten(box['iscrowd'])}" for box in wrong[:EXAMPLES]]
        raise UserError(
            f'{source.ann_file}: {len(wrong)} of {len(data["annotations"])} annotations have an '
            'iscrowd that is not 0 or 1:\n  ' + '\n  '.join(cases) + '\nCorrect them.')


def _file_of(box: dict, files: dict) -> str:
    image_id = box['image_id']
    return files.get(image_id, 'no image') if is_id(image_id) else 'no image'
