"""Bilinear interpolation by OpenCV or Pillow, or in NumPy with the results of OpenCV or torch."""
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fcos_mm.compat.extras import import_extra
from fcos_mm.runtime.opencv import opencv

#: What ``Resize`` may interpolate with.
BACKENDS = ('cv2', 'pillow', 'torch')
_BITS = 11  # of a weight in OpenCV's fixed-point arithmetic
_ROWS_AT_ONCE = 64  # of the result, which bounds the memory


def resizer(backend: str) -> Callable[[np.ndarray, int, int], np.ndarray]:
    """The function of (image, width, height) that interpolates (H, W, 3) uint8 as a backend does.

    It returns uint8, for ``'torch'`` float32.

    Args:
        backend: One of :data:`BACKENDS`.

    Raises:
        UserError: If it needs Pillow, which is not installed.
    """
    if backend == 'pillow':
        import_extra('PIL.Image', "This model, whose test pipeline has Resize(backend='pillow'),")
    return dict(zip(BACKENDS, (resize, _resize_by_pillow, resize_float)))[backend]


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


def resize_float(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """``torch.nn.functional.interpolate(mode='bilinear')`` of float32 in NumPy.

    The places are computed with one rounding, as torch does where the processor has fused
    multiplication and addition; the results then differ by some 1e-5 of a pixel's 255.

    Args:
        image: (H, W, channels) uint8.
        width: Of the result.
        height: Of the result.

    Returns:
        (height, width, channels) float32.
    """
    result = np.empty((height, width, image.shape[2]), np.float32)
    left, right, near, far = _float_taps(image.shape[1], width)
    above, below, top, bottom = _float_taps(image.shape[0], height)
    for start in range(0, height, _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        first = above[start]
        source = image[first:below[part][-1] + 1].astype(np.float32)
        mixed = source[:, left] * near[:, None] + source[:, right] * far[:, None]
        result[part] = (mixed[above[part] - first] * top[part, None, None]
                        + mixed[below[part] - first] * bottom[part, None, None])
    return result


def _resize_by_pillow(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """As ``mmcv.imresize(backend='pillow')``."""
    pillow = import_extra('PIL.Image', 'Resizing')
    return np.array(pillow.fromarray(image).resize((width, height), pillow.Resampling.BILINEAR))


def _float_taps(source: int, target: int) -> tuple[np.ndarray, ...]:
    """For each pixel of the result along one axis: two source pixels, and the weight of each."""
    scale = np.float64(np.float32(source) / np.float32(target))
    exact = np.maximum((scale * (np.arange(target) + 0.5) - 0.5).astype(np.float32), 0)
    place = np.minimum(exact.astype(np.int64), source - 1)
    rest = np.minimum(exact - place.astype(np.float32), 1).astype(np.float32)
    return place, np.minimum(place + 1, source - 1), np.float32(1) - rest, rest


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
