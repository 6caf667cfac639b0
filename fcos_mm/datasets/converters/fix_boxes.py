"""COCO-format files whose boxes are not x, y, width, height in pixels."""
import copy

import numpy as np

from fcos_mm.datasets.box_readings import meaning, misfits, read_corners
from fcos_mm.datasets.checks.annotations import check_fields, read_annotation_file
from fcos_mm.datasets.checks.boxes import box_numbers, sizes_of_boxes
from fcos_mm.datasets.checks.source import CocoSource
from fcos_mm.errors import UserError

_ALLOWED = 0.01  # share of boxes that may fit no image under the reading: dirt
_DIGITS = 3  # a thousandth of a pixel


def fix_boxes(path: str, reading: str) -> tuple[dict, int]:
    """Rewrite the boxes of a file as x, y, width, height in pixels.

    ``area`` becomes that of the box, but stays where it is that of a mask: it
    is not larger than the box and the annotation has a ``segmentation``.

    Args:
        path: COCO-format annotation file.
        reading: What the four numbers mean, by its name in ``box_readings``.

    Returns:
        The contents with boxes changed, and how many boxes still leave their
        image or have no area.

    Raises:
        UserError: If the file cannot be used or the boxes do not fit their
            images when read so.
    """
    source = CocoSource(
        key='annotations', ann_file=path, image_folder='', classes=(), classes_given=True,
        test_mode=False, filter_cfg={}, local=True)
    data = copy.deepcopy(read_annotation_file(source))
    for annotation in data['annotations']:
        if isinstance(annotation, dict):
            annotation.setdefault('area', 0)
    check_fields(source, data, evaluated=False)
    if not data['annotations']:
        raise UserError(f'{path} has no boxes: there is nothing to convert.')
    boxes, _ = box_numbers(source, data)
    sizes = sizes_of_boxes(data)
    wrong = misfits(reading, boxes, sizes)
    if not wrong.mean() <= _ALLOWED:
        raise UserError(
            f'{path}: read as {meaning(reading)}, {int(wrong.sum())} of {len(wrong)} boxes have no '
            f"area or leave their image, e.g. {data['annotations'][int(np.argmax(wrong))]['bbox']}"
            '.\nThey are not written so: nothing is converted. Choose another --from.')
    _rewrite(data['annotations'], read_corners(reading, boxes, sizes))
    return data, int(wrong.sum())


def _rewrite(annotations: list, corners: np.ndarray) -> None:
    new = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    for annotation, box in zip(annotations, np.round(new, _DIGITS).tolist(), strict=True):
        annotation['bbox'] = box
        area = round(box[2] * box[3], _DIGITS)
        if not (annotation.get('segmentation') and 0 < annotation['area'] <= area):
            annotation['area'] = area
