"""Checks of the boxes of an annotation file: their numbers, and which of them mmdet keeps."""
from collections.abc import Callable

import numpy as np

from fcos_mm.errors import UserError, shorten
from fcos_mm.faults import EXAMPLES, Faults

from .box_form import check_box_form
from .source import CocoSource

_LARGEST = 1e9  # pixels


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
        UserError: If a box is not four finite numbers, they are of no picture,
            or they are not x, y, width, height in pixels.
    """
    annotations = data['annotations']
    if not annotations:
        return np.zeros(0, dtype=bool)
    boxes, areas = box_numbers(source, data)
    _check_numbers(source, data, boxes, areas)
    size = sizes_of_boxes(data)
    check_box_form(source, data, boxes, size, warn)
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


def _check_numbers(source: CocoSource, data: dict, boxes: np.ndarray, areas: np.ndarray) -> None:
    """The numbers of every box must be of a picture."""
    finite = np.isfinite(boxes).all(1) & np.isfinite(areas)
    faults = Faults()
    for what, wrong in {
            'contain NaN or Infinity': ~finite,
            f'have numbers beyond {_LARGEST:.0e}': finite & (np.abs(boxes) > _LARGEST).any(1)
    }.items():
        with faults.gather():
            if wrong.any():
                raise UserError(_box_message(source, data, wrong, what) +
                                '\nCorrect or delete these annotations.')
    faults.raise_all()


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


def sizes_of_boxes(data: dict) -> np.ndarray:
    """The size of each box's image.

    Args:
        data: An annotation file's contents, fields checked.

    Returns:
        np.ndarray: (N, 2), width and height in pixels.
    """
    sizes = {image['id']: (image['width'], image['height']) for image in data['images']}
    return np.array([sizes[box['image_id']] for box in data['annotations']], dtype=np.float64)


def box_numbers(source: CocoSource, data: dict) -> tuple:
    """Boxes and areas as arrays of numbers.

    Args:
        source: The dataset.
        data: Its annotation file's contents, fields checked.

    Returns:
        np.ndarray: (N, 4), the boxes as written.
        np.ndarray: (N, ), the areas.

    Raises:
        UserError: If a box is not four numbers, or an area none.
    """
    annotations = data['annotations']
    files = {image['id']: image for image in data['images']}
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
        if not (isinstance(values, list) and len(values) == 4
                and all(map(_is_number, [*values, box['area']]))):
            raise UserError(
                f"{source.ann_file}: annotation {box['id']} "
                f"({files[box['image_id']]['file_name']}) has bbox "
                f"{shorten(values)} and area {shorten(box['area'])}.\n"
                'Write bbox as four numbers [x, y, width, height] in pixels '
                'and area as a number.')
    return (np.array([box['bbox'] for box in annotations], dtype=np.float64),
            np.array([box['area'] for box in annotations], dtype=np.float64))


def _is_number(value: object) -> bool:
    """Whether it is a number that a float can be, or NaN; JSON's whole numbers may be larger."""
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**300)


def _box_message(source: CocoSource, data: dict, wrong: np.ndarray,
                 what: str) -> str:
    files = {image['id']: image['file_name'] for image in data['images']}
    cases = []
    for index in np.flatnonzero(wrong)[:EXAMPLES]:
        box = data['annotations'][index]
        cases.append(f"{files[box['image_id']]}: annotation {box['id']}, "
                     f"bbox {box['bbox']}, area {box['area']}")
    return (f'{source.describe()}: {int(wrong.sum())} of {len(wrong)} boxes '
            f'{what}:\n  ' + '\n  '.join(cases))
