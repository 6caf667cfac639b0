"""Box formats other than COCO's: recognise them in annotations, and convert them.

COCO's boxes are x, y, width, height in pixels. Annotation tools and scripts
also write corners, centers, y before x, and fractions of the image's size.
"""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fcos_mm.datasets.coco_format import DATASET, coco_faults, load_coco
from fcos_mm.errors import UserError
from fcos_mm.faults import SeveralFaults

#: How far a box may leave its image: rounding and careless drawing. Share of the side, and pixels.
TOLERANCE, PIXELS = 0.02, 1.0

#: All numbers of boxes that are fractions are below this; a careless box passes 1.
LARGEST_FRACTION = 1.5

_SMALLEST_IMAGE = 8  # pixels; boxes of smaller images look like fractions

# Of COCO, BCCD and generated shapes no box leaves its image; written in another form, 21 to 75 %
# do, and none where the right form is read. Careless boxes may leave, but then fit no other form:
# one box in seven of COCO would pass for corners, two in three for y before x or a center.
_SHARE = 0.1  # of the boxes must leave their image
_FAR = 0.05  # of the side, by so much: an object that fills the image may be drawn too large
_RATIO = 20  # times as many as under the other reading
# From so many boxes on it is no accident that all fit.
_FEWEST = {'corners': 5, 'yx-corners': 5, 'center': 20, 'yx': 20}

_ALLOWED = 0.01  # share of boxes that may fit no image when they are converted: dirt
_DIGITS = 3  # a thousandth of a pixel


class _Reading(NamedTuple):
    """One meaning of four numbers: their names, the places of x and y, and what the pairs are."""
    meaning: str
    order: tuple = (0, 1, 2, 3)
    second: str = 'size'  # or 'corner'
    first: str = 'corner'  # or 'center'


_READINGS: dict[str, _Reading] = {
    'coco': _Reading('x, y, width, height'),
    'corners': _Reading('x0, y0, x1, y1', second='corner'),
    'yx-corners': _Reading('y0, x0, y1, x1', (1, 0, 3, 2), second='corner'),
    'center': _Reading('center x, center y, width, height', first='center'),
    'yx': _Reading('y, x, height, width', (1, 0, 3, 2)),
}

#: Meanings in pixels, COCO's first; of several that fit equally well the first is taken.
PIXEL_READINGS = tuple(_READINGS)

#: The same as fractions of width and height; ``'normalized'`` is COCO's order.
NORMALIZED_READINGS = tuple('normalized' if name == 'coco' else f'normalized-{name}'
                            for name in _READINGS)


def _reading(name: str) -> _Reading:
    return _READINGS[name.removeprefix('normalized').removeprefix('-') or 'coco']


def meaning(name: str) -> str:
    """The four numbers in words."""
    unit = ' as fractions of the image size' if name in NORMALIZED_READINGS else ''
    return _reading(name).meaning + unit


def read_corners(name: str, boxes: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Corners (N, 4), x0, y0, x1, y1 in pixels, of boxes read by one of the meanings.

    Args:
        boxes: (N, 4), as written.
        sizes: (N, 2), width and height of each box's image in pixels.
    """
    reading = _reading(name)
    corners = boxes[:, reading.order]
    if reading.second == 'size':
        start, size = corners[:, :2], corners[:, 2:]
        if reading.first == 'center':
            start = start - size / 2
        corners = np.concatenate([start, start + size], axis=1)
    return corners * np.tile(sizes, 2) if name in NORMALIZED_READINGS else corners


def misfits(name: str, boxes: np.ndarray, sizes: np.ndarray,
            tolerance: float = TOLERANCE) -> np.ndarray:
    """Boxes (N,) bool that under a meaning have no area, leave their image or are not finite.

    Args:
        boxes: (N, 4), as written.
        sizes: (N, 2), width and height of each box's image in pixels.
        tolerance: How far a box may leave its image, as a share of the side.
    """
    corners = read_corners(name, boxes, sizes)
    slack = np.maximum(tolerance * sizes, PIXELS)
    fits = ((corners[:, 2:] > corners[:, :2]) & (corners[:, :2] >= -slack)
            & (corners[:, 2:] <= sizes + slack))
    return ~fits.all(1)


class OtherForm(NamedTuple):
    """Boxes that fit another meaning than COCO's.

    Attributes:
        names: The meanings that fit best, all that fit equally well.
        wrong: (N,) bool, the boxes that leave their image when read as COCO's.
        left: Share of the boxes that do not fit the other meaning.
        sure: Whether there are enough boxes to exclude an accident.
    """
    names: list[str]
    wrong: np.ndarray
    left: float
    sure: bool

    def __str__(self) -> str:
        """The meanings in words; which of several it is, only a person can see."""
        first, *others = map(meaning, self.names)
        return first + (f' (or {" or ".join(others)}: check the drawn boxes)' if others else '')


def other_form(boxes: np.ndarray, sizes: np.ndarray) -> OtherForm | None:
    """Recognise boxes that are not x, y, width, height in pixels; None if they are or fit nothing.

    Args:
        boxes: (N, 4), as written, finite.
        sizes: (N, 2), width and height of each box's image in pixels.
    """
    fractions = ((np.abs(boxes) < LARGEST_FRACTION).all() and boxes.any()
                 and (sizes >= _SMALLEST_IMAGE).all())
    wrong = misfits('coco', boxes, sizes, _FAR)
    if fractions:
        names, left = _fitting(NORMALIZED_READINGS, boxes, sizes)
        return OtherForm(names, wrong, left, sure=True)
    if wrong.mean() < _SHARE:
        return None
    names, left = _fitting(PIXEL_READINGS[1:], boxes, sizes)
    if left * _RATIO > wrong.mean():
        return None
    return OtherForm(names, wrong, left, sure=len(boxes) >= _FEWEST[names[0]])


def _fitting(names: Sequence[str], boxes: np.ndarray, sizes: np.ndarray) -> tuple[list[str], float]:
    """The readings that fit most boxes, and the share that fits none of them."""
    wrong = {name: misfits(name, boxes, sizes).mean() for name in names}
    least = min(wrong.values())
    return [name for name in names if wrong[name] == least], least


def box_sizes(data: dict) -> np.ndarray:
    """(N, 2): width and height in pixels of each annotation's image."""
    sizes = {image['id']: (image['width'], image['height']) for image in data['images']}
    return np.array([sizes[box['image_id']] for box in data['annotations']],
                    dtype=np.float64).reshape(-1, 2)


def fix_boxes(path: str, reading: str) -> tuple[dict, int]:
    """Convert the boxes of a file to x, y, width, height in pixels.

    ``area`` becomes that of the box, but stays where it is that of a mask: it
    is not larger than the box and the annotation has a ``segmentation``.

    Args:
        reading: What the four numbers mean: a name of ``PIXEL_READINGS`` or
            ``NORMALIZED_READINGS``.

    Returns:
        The contents with boxes changed, and how many boxes still leave their
        image or have no area.

    Raises:
        UserError: If the file cannot be used or the boxes do not fit their
            images when read so.
    """
    data = load_coco(path)
    for annotation in data['annotations']:
        if isinstance(annotation, dict):
            annotation.setdefault('area', 0)
    faults = [message for _, message in coco_faults(data, path, DATASET)]
    if faults:
        raise SeveralFaults('the data', faults)
    annotations = data['annotations']
    if not annotations:
        raise UserError(f'{path} has no boxes, so there is nothing to convert.')
    boxes = np.array([annotation['bbox'] for annotation in annotations], dtype=np.float64)
    sizes = box_sizes(data)
    wrong = misfits(reading, boxes, sizes)
    if wrong.mean() > _ALLOWED:
        raise UserError(
            f'{path}: read as {meaning(reading)}, {int(wrong.sum())} of {len(wrong)} boxes have no '
            'area or extend beyond their image, '
            f"e.g. {annotations[int(np.argmax(wrong))]['bbox']}.\n"
            'This is not their format; nothing was converted. Choose another --from.')
    corners = read_corners(reading, boxes, sizes)
    converted = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
    for annotation, box in zip(annotations, converted.tolist(), strict=True):
        write_box(annotation, box)
    return data, int(wrong.sum())


def write_box(annotation: dict, box: Sequence[float]) -> None:
    """Give an annotation another box, x, y, width, height in pixels, and its area.

    The area of a mask stays.
    """
    annotation['bbox'] = box = [round(value, _DIGITS) for value in box]
    area = round(box[2] * box[3], _DIGITS)
    if not (annotation.get('segmentation') and 0 < annotation['area'] <= area):
        annotation['area'] = area
