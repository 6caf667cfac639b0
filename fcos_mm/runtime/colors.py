"""Colors for any number of classes, and for the text on them."""
from collections.abc import Iterator, Sequence

import numpy as np

Color = tuple[int, int, int]
_STEPS = np.linspace(40, 250, 12).round().astype(int)  # of a channel; neither black nor white
_FIRST = (220, 20, 60)  # where no color is given


def distinct(given: Sequence[Color] = ()) -> Iterator[Color]:
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


def text_color(background: Color) -> str:
    """Black or white, whichever differs more from the RGB color behind the text."""
    brightness = np.dot(background, (0.299, 0.587, 0.114))
    return 'black' if brightness > 127 else 'white'
