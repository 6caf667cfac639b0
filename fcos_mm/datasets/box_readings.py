"""What the four numbers of a box may mean, and how well a meaning fits its image.

COCO's boxes are x, y, width, height in pixels. Annotation tools and scripts
also write corners, centers, y before x, and fractions of the image's size.
"""
from typing import NamedTuple

import numpy as np

#: How far a box may leave its image: rounding and careless drawing. Share of the side, and pixels.
TOLERANCE, PIXELS = 0.02, 1.0

#: All numbers of boxes that are fractions are below this; a careless box passes 1.
LARGEST_FRACTION = 1.5


class Reading(NamedTuple):
    """One meaning of four numbers.

    Attributes:
        meaning: The numbers' names in order.
        order: Which of them are x, y, and the second pair for x, y.
        second: What the second pair is: ``'size'`` or ``'corner'``.
        first: What the first pair is: ``'corner'`` or ``'center'``.
    """
    meaning: str
    order: tuple = (0, 1, 2, 3)
    second: str = 'size'
    first: str = 'corner'

    def corners(self, boxes: np.ndarray) -> np.ndarray:
        """Turn boxes as written into corners.

        Args:
            boxes: (N, 4), as written.

        Returns:
            np.ndarray: (N, 4), x0, y0, x1, y1 in the same unit.
        """
        boxes = boxes[:, self.order]
        start, second = boxes[:, :2], boxes[:, 2:]
        if self.second == 'corner':
            return boxes
        if self.first == 'center':
            start = start - second / 2
        return np.concatenate([start, start + second], axis=1)


_READINGS: dict[str, Reading] = {
    'coco': Reading('x, y, width, height'),
    'corners': Reading('x0, y0, x1, y1', second='corner'),
    'yx-corners': Reading('y0, x0, y1, x1', (1, 0, 3, 2), second='corner'),
    'center': Reading('center x, center y, width, height', first='center'),
    'yx': Reading('y, x, height, width', (1, 0, 3, 2)),
}

#: Meanings in pixels, the one of COCO first; of several that fit as well the first is taken.
PIXEL_READINGS = tuple(_READINGS)

#: The same as fractions of width and height; ``'normalized'`` is COCO's order.
NORMALIZED_READINGS = tuple('normalized' if name == 'coco' else f'normalized-{name}'
                            for name in _READINGS)


def read_corners(name: str, boxes: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Read boxes by one of the meanings.

    Args:
        name: Of ``PIXEL_READINGS`` or ``NORMALIZED_READINGS``.
        boxes: (N, 4), as written.
        sizes: (N, 2), width and height of each box's image in pixels.

    Returns:
        np.ndarray: (N, 4), x0, y0, x1, y1 in pixels.
    """
    corners = _reading(name).corners(boxes)
    return corners * np.tile(sizes, 2) if name in NORMALIZED_READINGS else corners


def meaning(name: str) -> str:
    """The four numbers in words.

    Args:
        name: Of ``PIXEL_READINGS`` or ``NORMALIZED_READINGS``.
    """
    unit = ' as fractions of the image size' if name in NORMALIZED_READINGS else ''
    return _reading(name).meaning + unit


def misfits(name: str, boxes: np.ndarray, sizes: np.ndarray,
            tolerance: float = TOLERANCE) -> np.ndarray:
    """Find the boxes that make no sense under a meaning.

    Args:
        name: Of ``PIXEL_READINGS`` or ``NORMALIZED_READINGS``.
        boxes: (N, 4), as written.
        sizes: (N, 2), width and height of each box's image in pixels.
        tolerance: How far a box may leave its image, as a share of the side.

    Returns:
        np.ndarray: (N, ) bool, boxes without area, beyond their image by more
        than the tolerance, or not finite.
    """
    corners = read_corners(name, boxes, sizes)
    slack = np.maximum(tolerance * sizes, PIXELS)
    fits = ((corners[:, 2:] > corners[:, :2]) & (corners[:, :2] >= -slack)
            & (corners[:, 2:] <= sizes + slack))
    return ~fits.all(1)


def _reading(name: str) -> Reading:
    plain = name.removeprefix('normalized-')
    return _READINGS['coco' if plain == 'normalized' else plain]
