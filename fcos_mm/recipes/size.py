"""The size of the input: the smallest at which small boxes keep locations."""
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fcos_mm.analysis.input_size import Size
from fcos_mm.recipes.boxes import Boxes
from fcos_mm.recipes.levels import ENOUGH, Fit, fit_levels
from fcos_mm.recipes.machine import Machine

_STEP = 32  # pixels; both sides are multiples, as the strides of a backbone want
_SMALLEST = 128  # of a longer side, unless the images are smaller
_LARGEST = (1344, 800)
_PIXELS_PER_CORE = 100_000  # more make training on a CPU a matter of days
#: Locations that boxes are to have, by device. Center sampling leaves a box 9 at most.
WANTED = {'cpu': 4, 'cuda': 6}
_P2_GAIN = 0.005  # share of the boxes that a level of stride 4 has to save


class SizeFit(NamedTuple):
    """A size of the input, with the levels that fit best at it."""
    size: Size  # longer and shorter side in pixels
    fit: Fit
    reason: str  # for the size


def fit_size(boxes: Boxes, machine: Machine, assigner: dict, *, size: Size | None = None,
             levels: tuple[int, int] | None = None) -> SizeFit:
    """Choose the size of the input, the levels and the regress ranges.

    Args:
        boxes: Those to learn.
        machine: Decides the largest size.
        assigner: Options of the assigner.
        size: (longer, shorter) side, where it is given.
        levels: The first and the last level, where they are given.
    """
    sizes = [size] if size else list(_affordable(boxes, machine))
    options = dict(assigner=assigner, wanted=WANTED[machine.device], levels=levels)
    found = _smallest(boxes, sizes, options, first=3)
    if not levels and found.fit.answered < ENOUGH:
        fine = _smallest(boxes, sizes, options, first=2)
        if fine.fit.answered >= found.fit.answered + _P2_GAIN:
            found = fine
    return found._replace(reason='given') if size else found


def _smallest(boxes: Boxes, sizes: list[Size], options: dict, first: int) -> SizeFit:
    """The smallest size that is enough, else the largest."""
    for size in sizes:
        fit = fit_levels(boxes.at(size), boxes.weight, max(size), first=first, **options)
        if fit.is_enough:
            return SizeFit(size, fit, f'the smallest at which 95 % of the boxes of a class have '
                           f'at least {options["wanted"]} locations, averaged over the classes')
    return SizeFit(size, fit, 'the largest for these images and this machine: boxes are small')


def sizes_of(boxes: Boxes) -> Iterator[Size]:
    """Sizes of the input for images, from small to that of the median image."""
    longer = np.median(boxes.sizes.max(1))
    ratio = np.median(boxes.sizes.min(1) / boxes.sizes.max(1))
    largest = max(int(longer) // _STEP * _STEP, _STEP)
    for side in range(min(_SMALLEST, largest), largest + 1, _STEP):
        yield side, max(-(-int(side * ratio) // _STEP), 1) * _STEP


def _affordable(boxes: Boxes, machine: Machine) -> Iterator[Size]:
    """The sizes that a machine can train, at least the smallest."""
    pixels = np.inf if machine.has_gpu else machine.cores * _PIXELS_PER_CORE
    smallest, *others = sizes_of(boxes)
    yield smallest
    for size in others:
        if size[0] * size[1] <= pixels and size[0] <= _LARGEST[0] and size[1] <= _LARGEST[1]:
            yield size
