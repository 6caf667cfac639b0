"""Complete a palette to one color for every class."""
from collections.abc import Iterator, Sequence

import numpy as np
from mmdet.visualization.palette import get_palette

Color = tuple[int, int, int]
_STEPS = np.linspace(40, 250, 12).round().astype(int)  # of a channel; neither black nor white
_FIRST = (220, 20, 60)  # where no color is given


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
    made = _distinct([color for color in colors if color is not None])
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


def _distinct(given: list[Color]) -> Iterator[Color]:
    """Colors as far as possible from the given ones and from each other."""
    grid = np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS), axis=-1).reshape(-1, 3)
    nearest = np.full(len(grid), np.inf)  # squared distance
    waiting = list(given)
    if not given:
        yield _FIRST
        waiting.append(_FIRST)
    while True:
        for color in waiting:
            nearest = np.minimum(nearest, ((grid - color)**2).sum(axis=1))
        waiting = [tuple(grid[nearest.argmax()].tolist())]
        yield waiting[0]
