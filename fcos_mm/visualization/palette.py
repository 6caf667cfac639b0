"""Complete a palette to one color for every class."""
from collections.abc import Sequence

import numpy as np
from mmdet.visualization.palette import get_palette

from fcos_mm.runtime.colors import Color, distinct


def complete_palette(palette: Sequence | str | None, num_classes: int) -> list[Color]:
    """Add colors for the classes that a palette has none for, as far apart as possible.

    Args:
        palette: RGB colors from 0 to 255; one color, or its name, for all classes; the name of
            one of mmdet's palettes (``'coco'``, ``'voc'``, ...); None or ``'random'`` for none.
            An entry that is not a color counts as missing.
        num_classes: The minimum number of colors.
    """
    colors = [_as_color(entry) for entry in _as_list(palette, num_classes)]
    colors += [None] * (num_classes - len(colors))
    made = distinct([color for color in colors if color is not None])
    return [next(made) if color is None else color for color in colors]


def _as_list(palette: Sequence | str | None, num_classes: int) -> Sequence:
    """The colors that a palette names, class by class; possibly too few."""
    if palette == 'random':  # mmdet's may be alike, or as dark as the image
        return []
    if isinstance(palette, str):
        try:
            return get_palette(palette, 0) or get_palette(palette, num_classes)
        except (AssertionError, KeyError):  # a name that neither mmdet nor mmcv knows
            return []
    if _as_color(palette) is not None:
        return [palette] * num_classes
    return palette if isinstance(palette, (list, tuple)) else []


def _as_color(entry: object) -> Color | None:
    if not isinstance(entry, (list, tuple, np.ndarray)) or len(entry) != 3:
        return None
    valid = all(isinstance(value, (int, float, np.number)) and 0 <= value <= 255
                for value in entry)
    return tuple(int(value) for value in entry) if valid else None
