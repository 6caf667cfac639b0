"""Outlines and surfaces of the generated dataset ``shapes``.

Everything random comes from the ``numpy.random.Generator`` passed in, and
every coordinate is rounded to 1/64 pixel before it is drawn.
"""
import cv2
import numpy as np

CLASSES = ('disc', 'ring', 'square', 'triangle', 'star', 'cross')
DISTRACTORS = ('bar', 'blob', 'arc')

_PATTERN = 70  # how far the two colors of a pattern lie apart at most, in each channel
_FINE = 4  # shapes are drawn so many times as large, then reduced
_SHIFT = 4  # cv2.fillPoly takes coordinates in 1 / 2**_SHIFT pixel


def _polar(radii, angles) -> np.ndarray:
    """Points ``(N, 2)`` from radii and angles in radians."""
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)


def _regular(corners: int) -> np.ndarray:
    """A regular polygon ``(corners, 2)`` of radius 1."""
    return _polar(np.ones(corners), np.arange(corners) * 2 * np.pi / corners)


def _bar(rng: np.random.Generator) -> np.ndarray:
    """A long thin rectangle ``(4, 2)``."""
    half = rng.uniform(0.08, 0.2)
    return np.array([(-1, -half), (1, -half), (1, half), (-1, half)])


def _blob(rng: np.random.Generator) -> np.ndarray:
    """A smooth lump ``(32, 2)`` without an axis of symmetry."""
    angles = np.arange(32) * 2 * np.pi / 32
    radii = np.ones(32)
    for wave in (1, 2, 3):
        radii += rng.uniform(0.15, 0.3) * np.cos(wave * angles + rng.uniform(0, 2 * np.pi))
    return _polar(radii, angles)


def _arc(rng: np.random.Generator) -> np.ndarray:
    """A part ``(32, 2)`` of a ring."""
    angles = np.linspace(0, rng.uniform(0.5, 1.2) * np.pi, 16)
    inner = rng.uniform(0.65, 0.85)
    return np.concatenate([_polar(np.ones(16), angles), _polar(np.full(16, inner), angles[::-1])])


_FIXED = {
    'disc': [_regular(40)],
    'ring': [_regular(40), _regular(40) * 0.55],
    'square': [_regular(4)],
    'triangle': [_regular(3)],
    'star': [_polar(np.tile([1.0, 0.45], 5), np.arange(10) * np.pi / 5)],
    'cross': [np.array([(-.3, -1.), (.3, -1.), (.3, -.3), (1., -.3), (1., .3), (.3, .3), (.3, 1.),
                        (-.3, 1.), (-.3, .3), (-1., .3), (-1., -.3), (-.3, -.3)])],
}
_RANDOM = {'bar': _bar, 'blob': _blob, 'arc': _arc}


def outline(kind: str, rng: np.random.Generator) -> list:
    """Contours ``(N, 2)`` of a shape around the origin, in any unit; two contours mean a hole."""
    if kind in _FIXED:
        return _FIXED[kind]
    return [_RANDOM[kind](rng)]


def pose(contours: list, size: float, center: tuple, rng: np.random.Generator) -> list:
    """Stretch, rotate, scale and move contours ``(N, 2)``.

    Args:
        size: Longer side of the shape's box, in pixels.
        center: Center ``(x, y)`` of the shape's box, in pixels.
    """
    stretch = np.array([1.0, rng.uniform(0.7, 1.0)])
    turn = rng.uniform(0, 2 * np.pi)
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.array([(cos, -sin), (sin, cos)]) * stretch
    turned = [contour[:, :1] * matrix[:, 0] + contour[:, 1:] * matrix[:, 1] for contour in contours]
    low, high = turned[0].min(axis=0), turned[0].max(axis=0)
    scale = size / (high - low).max()
    return [(contour - (low + high) / 2) * scale + center for contour in turned]


def coverage(contours: list, width: int, height: int) -> np.ndarray:
    """How much contours ``(N, 2)`` cover of each pixel: uint8 ``(height, width)``, 255 inside."""
    mask = np.zeros((height, width), np.uint8)
    points = np.concatenate(contours)
    x0, y0 = np.clip(np.floor(points.min(axis=0)), 0, (width, height)).astype(int)
    x1, y1 = np.clip(np.ceil(points.max(axis=0)), 0, (width, height)).astype(int)
    if x0 < x1 and y0 < y1:
        fine = np.zeros(((y1 - y0) * _FINE, (x1 - x0) * _FINE), np.uint8)
        # A pixel's center is a whole number for cv2 and half a pixel more for us.
        points = [(contour - (x0, y0)) * _FINE - 0.5 for contour in contours]
        points = [np.round(contour * 2**_SHIFT).astype(np.int32) for contour in points]
        cv2.fillPoly(fine, points, 255, shift=_SHIFT)
        mask[y0:y1, x0:x1] = cv2.resize(fine, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    return mask


def _pattern(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """A pattern ``(height, width)`` of values from 0 to 1."""
    kind = rng.choice(['flat', 'gradient', 'stripes', 'checks', 'noise'])
    if kind == 'flat':
        return np.zeros((height, width), np.float32)
    if kind == 'noise':
        return noise(width, height, int(rng.integers(3, 9)), rng)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    turn = rng.uniform(0, 2 * np.pi)
    along = np.float32(np.cos(turn)) * x + np.float32(np.sin(turn)) * y
    across = np.float32(np.cos(turn)) * y - np.float32(np.sin(turn)) * x
    if kind == 'gradient':
        along -= along.min()
        return along / max(float(along.max()), 1.0)
    period = rng.uniform(5, 16)
    value = np.floor(2 * along / np.float32(period))
    if kind == 'checks':
        value += np.floor(2 * across / np.float32(period))
    return np.mod(value, 2).astype(np.float32)


def noise(width: int, height: int, cells: int, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise ``(height, width)`` of values from 0 to 1."""
    grid = rng.integers(0, 256, (cells, cells), dtype=np.uint8)
    return cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR_EXACT) / np.float32(255)


def surface(width: int, height: int, color: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A surface of a color ``(3,)``, patterned with another one near it.

    float32 ``(height, width, 3)``, 0 to 255.
    """
    other = np.clip(color + rng.uniform(-_PATTERN, _PATTERN, 3), 0, 255)
    color, other = color.astype(np.float32), other.astype(np.float32)
    return color + (other - color) * _pattern(width, height, rng)[:, :, None]


def paint(image: np.ndarray, color: np.ndarray, mask: np.ndarray) -> None:
    """Blend a color or a surface into an image, in place.

    Args:
        image: float32 ``(height, width, 3)``.
        color: ``(3,)`` or ``(height, width, 3)``.
        mask: float32 ``(height, width)``, 1 where only the color stays.
    """
    image += (color - image) * mask[:, :, None]


def background(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    """Clutter to draw on: noise of two scales and lumps of other surfaces.

    float32 ``(height, width, 3)``, 0 to 255.
    """
    image = surface(width, height, rng.uniform(0, 255, 3), rng)
    for cells in (4, 20):
        mask = noise(width, height, cells, rng) * np.float32(rng.uniform(0.1, 0.5))
        paint(image, rng.uniform(0, 255, 3).astype(np.float32), mask)
    for _ in range(rng.integers(0, 3)):
        center = rng.uniform(0, 1, 2) * (width, height)
        lump = pose(outline('blob', rng), rng.uniform(0.4, 1.2) * width, center, rng)
        mask = coverage(lump, width, height) * np.float32(rng.uniform(0.2, 0.7) / 255)
        paint(image, surface(width, height, rng.uniform(0, 255, 3), rng), mask)
    return image
