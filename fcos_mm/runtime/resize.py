"""Bilinear interpolation, by OpenCV, or in NumPy with OpenCV's results."""
from typing import NamedTuple

import numpy as np

from fcos_mm.runtime.opencv import opencv

_BITS = 11  # of a weight in OpenCV's fixed-point arithmetic
_ROWS_AT_ONCE = 64  # of the result, which bounds the memory


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize (H, W, 3) uint8 as ``cv2.resize`` does, whether it is installed or not."""
    cv2 = opencv()
    if cv2 is None:
        return resize_bilinear(image, width, height)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)


def resize_bilinear(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """``cv2.resize(..., interpolation=INTER_LINEAR)`` in NumPy, equal in every bit.

    Args:
        image: (H, W, channels) uint8.
        width: Of the result.
        height: Of the result.
    """
    rows, columns, channels = image.shape
    if (rows, columns) == (height, width):
        return image.copy()
    if (rows, columns) == (2 * height, 2 * width):  # OpenCV then takes the mean of each four
        wide = image.astype(np.uint16)
        sums = wide[::2, ::2] + wide[::2, 1::2] + wide[1::2, ::2] + wide[1::2, 1::2]
        return ((sums + 2) >> 2).astype(np.uint8)
    across, down = _taps(columns, width), _taps(rows, height)
    at_border = (across.place < 0) | (across.place >= columns - 1)
    one, two = (np.repeat(weight, channels) for weight in (
        np.where(at_border, 1 << _BITS, across.first), np.where(at_border, 0, across.second)))
    left, right = (_columns(across.place + step, columns, channels) for step in (0, 1))
    flat, result = image.reshape(rows, -1), np.empty((height, width * channels), np.uint8)
    for start in range(0, height, _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        upper, lower = (np.clip(down.place[part] + step, 0, rows - 1) for step in (0, 1))
        first = upper[0]
        source = flat[first:lower[-1] + 1]
        mixed = np.take(source, left, axis=1) * one
        mixed += np.take(source, right, axis=1) * two
        mixed >>= 4
        above = (mixed[upper - first] * down.first[part, None]) >> 16
        below = (mixed[lower - first] * down.second[part, None]) >> 16
        result[part] = (above + below + 2) >> 2
    return result.reshape(height, width, channels)


class _Taps(NamedTuple):
    """For each pixel of the result along one axis: the source pixel to the left, and weights."""
    place: np.ndarray
    first: np.ndarray
    second: np.ndarray


def _taps(source: int, target: int) -> _Taps:
    scale = 1 / (target / source)  # the rounding of OpenCV
    exact = ((np.arange(target) + 0.5) * scale - 0.5).astype(np.float32)
    place = np.floor(exact)
    rest = exact - place
    weights = [np.rint(weight * np.float32(1 << _BITS)).astype(np.int32)
               for weight in (1 - rest, rest)]
    return _Taps(place.astype(np.int64), *weights)


def _columns(places: np.ndarray, columns: int, channels: int) -> np.ndarray:
    """Indices into rows of interleaved channels."""
    inside = np.clip(places, 0, columns - 1)
    return (inside[:, None] * channels + np.arange(channels)).ravel()
