"""Checks of a COCO-format annotation file: its form, fields and boxes."""
import json
import os.path as osp
from typing import Callable, Sequence

import numpy as np

from fcos_mm.errors import UserError

from .source import CocoSource

_EXAMPLES = 5
_LARGEST = 1e9  # pixels
_IMAGE_FIELDS = ('id', 'file_name', 'width', 'height')
_BOX_FIELDS = ('id', 'image_id', 'category_id', 'bbox', 'area')


def read_annotation_file(source: CocoSource) -> dict:
    """Read an annotation file and check that it is a COCO dictionary.

    Args:
        source: The dataset whose file is read.

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
    try:
        with open(path, encoding='utf-8') as file:
            data = json.load(file)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f'Annotation file is not JSON: {path} ({error})\n'
            f'{source.key} needs a COCO-format JSON file; '
            'tools/dataset_converters/ makes one from VOC or YOLO data.'
        ) from None
    return _check_form(data, source)


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
    _check_entries(source, 'images', data['images'], _IMAGE_FIELDS)
    _check_entries(source, 'annotations', data['annotations'], box_fields)
    _check_entries(source, 'categories', data['categories'], ('id', 'name'))
    for image in data['images']:
        if not isinstance(image['file_name'], str) or not image['file_name']:
            raise UserError(f"{source.ann_file}: image {image['id']!r} has the file_name "
                            f"{_shorten(image['file_name'])}.\nWrite the name of its file.")
        if not _is_size(image['width']) or not _is_size(image['height']):
            raise UserError(
                f"{source.ann_file}: image {image['file_name']} has width "
                f"{image['width']!r} and height {image['height']!r}.\n"
                'Write its true size in pixels.')
    _check_references(source, data, 'image_id', 'images')
    _check_references(source, data, 'category_id', 'categories')
    _check_crowds(source, data)


def _is_size(value) -> bool:
    return isinstance(value, (int, float)) and 0 < value < float('inf')


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
                f'({_shorten(entry)}) lacks {lost}.\nAdd the missing fields'
                + ''.join(f'; {key} is {hint[key]}'
                          for key in lost if key in hint) + '.')
        if not is_id(entry['id']):
            raise UserError(f"{source.ann_file}: entry {index} of {name!r} has the id "
                            f"{_shorten(entry['id'])}.\nGive it a whole number.")
        if entry['id'] in seen:
            raise UserError(
                f"{source.ann_file}: the id {entry['id']!r} is used twice in "
                f'{name!r}.\nGive every entry an id of its own; when files '
                'were merged, number the entries anew.')
        seen.add(entry['id'])


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
            f'{field} {_shorten(box[field])}' for box in wrong[:_EXAMPLES]
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
                 f"{_shorten(box['iscrowd'])}" for box in wrong[:_EXAMPLES]]
        raise UserError(
            f'{source.ann_file}: {len(wrong)} of {len(data["annotations"])} annotations have an '
            'iscrowd that is not 0 or 1:\n  ' + '\n  '.join(cases) + '\nCorrect them.')


def _file_of(box: dict, files: dict) -> str:
    image_id = box['image_id']
    return files.get(image_id, 'no image') if is_id(image_id) else 'no image'


def is_id(value) -> bool:
    """Whether this can be the id of an image, a box or a category.

    Args:
        value: A whole number that fits 64 bits, or text.
    """
    if isinstance(value, float):
        return value.is_integer() and abs(value) < 2**53
    return isinstance(value, str) or (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63)


def check_boxes(source: CocoSource, data: dict,
                warn: Callable[[str], None]) -> np.ndarray:
    """Check the boxes' numbers.

    Args:
        source: The dataset.
        data: Its annotation file's contents, fields checked.
        warn: Called with a message about boxes that mmdet skips, and about
            those that are there twice.

    Returns:
        ndarray: (N, ) bool, the annotations that mmdet's dataset keeps.

    Raises:
        UserError: If a box is not four finite numbers, or they are of no picture.
    """
    annotations = data['annotations']
    if not annotations:
        return np.zeros(0, dtype=bool)
    files = {image['id']: image for image in data['images']}
    boxes, areas = _numbers(source, annotations, files)
    finite = np.isfinite(boxes).all(1) & np.isfinite(areas)
    if not finite.all():
        raise UserError(_box_message(
            source, data, ~finite, 'contain NaN or Infinity') +
            '\nCorrect or delete these annotations.')
    huge = (np.abs(boxes) > _LARGEST).any(1)
    if huge.any():
        raise UserError(_box_message(source, data, huge, f'have numbers beyond {_LARGEST:.0e}') +
                        '\nCorrect or delete these annotations.')
    size = np.array([(files[box['image_id']]['width'],
                      files[box['image_id']]['height'])
                     for box in annotations])
    inside = (np.minimum(boxes[:, :2] + boxes[:, 2:], size) -
              np.maximum(boxes[:, :2], 0))
    no_area = (boxes[:, 2:] <= 0).any(1)
    outside = (inside <= 0).any(1) & ~no_area
    thin = ((boxes[:, 2:] < 1).any(1) | (areas <= 0)) & ~no_area & ~outside
    _warn_skipped(source, data, warn, {
        'have no area': no_area,
        'lie outside their image': outside,
        'have a side below 1 pixel or an area of 0': thin & (not source.test_mode)
    })
    _warn_repeated(source, data, warn, boxes)
    return ~no_area & ~outside & ~thin


def _warn_repeated(source: CocoSource, data: dict, warn: Callable[[str], None],
                   boxes: np.ndarray) -> None:
    """Warn about boxes equal to an earlier one of the same image and category."""
    image_index = {image['id']: index for index, image in enumerate(data['images'])}
    category_index = {entry['id']: index for index, entry in enumerate(data['categories'])}
    owners = np.array([(image_index[box['image_id']], category_index[box['category_id']])
                       for box in data['annotations']])
    rows = np.column_stack([owners, boxes])  # (N, 6)
    order = np.lexsort(rows.T)  # equal rows together, in the order of the file
    repeated = np.zeros(len(rows), dtype=bool)
    repeated[order[1:]] = (rows[order[1:]] == rows[order[:-1]]).all(1)
    if repeated.any():
        fate = ('Of two equal objects a detector finds one.' if source.test_mode else
                'Of equal boxes one is learned.')
        warn(f"{_box_message(source, data, repeated, 'repeat an earlier box')}\n{fate} "
             'Delete them.')


def _warn_skipped(source: CocoSource, data: dict, warn: Callable[[str], None],
                  faults: dict) -> None:
    """Warn about boxes that mmdet skips, per kind of fault."""
    fate = ('They stay in the evaluation, as objects no detector can find.'
            if source.test_mode else 'The dataset skips them.')
    for what, wrong in faults.items():
        if wrong.any():
            warn(f'{_box_message(source, data, wrong, what)}\n{fate} '
                 'Correct or delete them.')


def _numbers(source: CocoSource, annotations: list, files: dict) -> tuple:
    """Boxes (N, 4) and areas (N, ) as arrays of numbers."""
    try:
        boxes = np.array([box['bbox'] for box in annotations])
        areas = np.array([box['area'] for box in annotations])
        if (boxes.shape == (len(annotations), 4) and areas.ndim == 1
                and boxes.dtype.kind in 'iuf' and areas.dtype.kind in 'iuf'):
            return boxes.astype(np.float64), areas.astype(np.float64)
    except ValueError:
        pass
    for box in annotations:
        values = box['bbox']
        if not (isinstance(values, list) and len(values) == 4 and all(
                isinstance(value, (int, float))
                for value in [*values, box['area']])):
            raise UserError(
                f"{source.ann_file}: annotation {box['id']} "
                f"({files[box['image_id']]['file_name']}) has bbox "
                f"{_shorten(values)} and area {_shorten(box['area'])}.\n"
                'Write bbox as four numbers [x, y, width, height] in pixels '
                'and area as a number.')
    return (np.array([box['bbox'] for box in annotations], dtype=np.float64),
            np.array([box['area'] for box in annotations], dtype=np.float64))


def _box_message(source: CocoSource, data: dict, wrong: np.ndarray,
                 what: str) -> str:
    files = {image['id']: image['file_name'] for image in data['images']}
    cases = []
    for index in np.flatnonzero(wrong)[:_EXAMPLES]:
        box = data['annotations'][index]
        cases.append(f"{files[box['image_id']]}: annotation {box['id']}, "
                     f"bbox {box['bbox']}, area {box['area']}")
    return (f'{source.describe()}: {int(wrong.sum())} of {len(wrong)} boxes '
            f'{what}:\n  ' + '\n  '.join(cases))


def _shorten(value, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + '...'
