"""A colour for every class, whatever part of a palette is given."""
from collections.abc import Sequence

import numpy as np
from mmdet.visualization.palette import get_palette

Color = tuple[int, int, int]
_STEPS = np.linspace(40, 250, 12).round().astype(int)  # of a channel; neither black nor white
_FIRST = (220, 20, 60)  # where no colour is given


def complete_palette(palette: Sequence | str | None, num_classes: int) -> list[Color]:
    """Make colours for the classes that a palette has none for.

    A child config that has more classes than its base inherits the base's
    palette. The classes that have a colour keep it; the others get, one after
    the other, the colour that is farthest from all before.

    Args:
        palette: RGB colours from 0 to 255; or one colour or the name of a
            colour, for all classes; or the name of one of mmdet's palettes
            (``'coco'``, ``'voc'``, ``'random'``, ...); None for ``'random'``.
            An entry that is no colour counts as missing.
        num_classes: How many colours are wanted at least.

    Returns:
        The colours of the classes.
    """
    colors = [_as_color(entry) for entry in _as_list(palette, num_classes)]
    colors += [None] * (num_classes - len(colors))
    missing = [index for index, color in enumerate(colors) if color is None]
    made = _distinct([color for color in colors if color is not None], len(missing))
    for index, color in zip(missing, made):
        colors[index] = color
    return colors


def _as_list(palette: Sequence | str | None, num_classes: int) -> Sequence:
    """The colours that a palette names, class by class; there may be too few."""
    if palette is None or palette == 'random':
        return get_palette('random', num_classes)
    if isinstance(palette, str):
        try:
            return get_palette(palette, 0) or get_palette(palette, num_classes)
        except (AssertionError, KeyError):  # no name that mmdet or mmcv knows
            return []
    if _as_color(palette) is not None:
        return [palette] * num_classes
    return palette if isinstance(palette, (list, tuple)) else []


def _as_color(entry: object) -> Color | None:
    if not isinstance(entry, (list, tuple, np.ndarray)) or len(entry) != 3:
        return None
    if not all(isinstance(value, (int, float, np.number)) and 0 <= value <= 255
               for value in entry):
        return None
    return tuple(int(value) for value in entry)


def _distinct(given: list[Color], number: int) -> list[Color]:
    """Colours that differ from the given ones and from each other as much as can be."""
    colors = list(given)
    grid = np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS), axis=-1).reshape(-1, 3)
    far = np.full(len(grid), np.inf)  # squared distance to the nearest colour
    for color in colors:
        far = np.minimum(far, ((grid - color)**2).sum(axis=1))
    while len(colors) < len(given) + number:
        color = tuple(grid[far.argmax()].tolist()) if colors else _FIRST
        far = np.minimum(far, ((grid - color)**2).sum(axis=1))
        colors.append(color)
    return colors[len(given):]
