"""The size of a resized image whose aspect ratio is kept, as implementations round it."""
from collections.abc import Callable
from math import floor


def _as_mmcv(width: int, height: int, long_side: int, short_side: int) -> tuple[int, int]:
    """(width, height) of ``mmcv.rescale_size``, which rounds both sides to the nearest."""
    return scaled(width, height, min(long_side / max(width, height),
                                     short_side / min(width, height)))


def _as_torchvision(width: int, height: int, long_side: int, short_side: int) -> tuple[int, int]:
    """(width, height) of torchvision's ``GeneralizedRCNNTransform``, which rounds down."""
    scale = min(short_side / min(width, height), long_side / max(width, height))
    return floor(width * scale), floor(height * scale)


def _as_official(width: int, height: int, long_side: int, short_side: int) -> tuple[int, int]:
    """(width, height) of the released code, which rounds the short side and then cuts the long.

    Where the short side is rounded up, the long one can exceed ``long_side``, by half of the
    aspect ratio at most; an image that has the short side already stays as it is.
    """
    short, long = min(width, height), max(width, height)
    if long / short * short_side > long_side:
        short_side = round(long_side * short / long)
    if short == short_side:
        return width, height
    if width < height:
        return short_side, int(short_side * height / width)
    return int(short_side * width / height), short_side


def _as_detectron2(width: int, height: int, long_side: int, short_side: int) -> tuple[int, int]:
    """(width, height) of detectron2's ``ResizeShortestEdge``.

    Those of mmcv, but halves can fall to the other side: the factors are applied one by one.
    """
    scale = short_side / min(width, height)
    sides = [float(short_side) if side == min(width, height) else scale * side
             for side in (width, height)]
    if max(sides) > long_side:
        cut = float(long_side) / max(sides)
        sides = [side * cut for side in sides]
    return int(sides[0] + 0.5), int(sides[1] + 0.5)


#: By name, (width, height, long_side, short_side) -> (width, height).
ROUNDINGS: dict[str, Callable[[int, int, int, int], tuple[int, int]]] = {
    'nearest': _as_mmcv, 'detectron2': _as_detectron2, 'torchvision': _as_torchvision,
    'official': _as_official}


def scaled(width: int, height: int, factor: float) -> tuple[int, int]:
    """Both sides times a factor, rounded to the nearest."""
    return int(width * factor + 0.5), int(height * factor + 0.5)
