"""Levels and regress ranges for boxes, by the assigner that training uses."""
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from torch import Tensor

from fcos_mm.models.assigner import FCOSAssigner
from fcos_mm.models.locations import LocationGenerator

Ranges = tuple[tuple[float, float | None], ...]

#: Share of the boxes that is to have a location.
ENOUGH = 0.995
_MOST_ROOMY = 0.95  # share of the boxes that is to have several
_IDLE = 0.02  # share of the boxes below which a level is hardly trained
_TOP = 7
_STAGES_END = 5  # P5 is the last map of a backbone
# The first range ends at so many strides; every further one at twice the pixels. The paper has 8.
_FIRST_ENDS = (8, 6, 4, 3)


class Fit(NamedTuple):
    """Levels and ranges, and how well boxes fit them."""
    levels: tuple[int, int]  # the first and the last; P3 is 3
    ranges: Ranges  # in pixels of the input
    answered: float  # share of the boxes with a location
    roomy: float  # share with as many locations as wanted, every class weighing the same
    served: tuple[float, ...]  # the part of the boxes that each level has: of one with locations
    # on several levels the part that these are of all

    @property
    def name(self) -> str:
        """The levels as a config writes them, ``'P3-P5'``."""
        return 'P{}-P{}'.format(*self.levels)

    @property
    def strides(self) -> tuple[int, ...]:
        """The stride of each level, in pixels."""
        return strides_of(self.levels)

    @property
    def idle(self) -> int:
        """Levels that serve hardly any box."""
        return sum(share < _IDLE for share in self.served)

    @property
    def is_enough(self) -> bool:
        """Whether nearly all boxes have a location, and most of every class several."""
        return self.answered >= ENOUGH and self.roomy >= _MOST_ROOMY


def fit_levels(boxes: Tensor, weight: np.ndarray, side: int, assigner: dict, *, wanted: int = 4,
               levels: tuple[int, int] | None = None, first: int = 3) -> Fit:
    """Find the levels and ranges that fit boxes best.

    Of those that answer for the most boxes (to a tenth of a percent) the one with the fewest idle
    levels counts, of these the one whose levels share the boxes most evenly.

    Args:
        boxes: (N, 4) in pixels of the input.
        weight: (N,) of the boxes.
        side: The longer side of the input, in pixels.
        assigner: Options of :class:`~fcos_mm.models.assigner.FCOSAssigner`.
        wanted: Locations that a box is to have, so that it does not hang on a single one.
        levels: The first and the last, if they are given.
        first: The first level otherwise.
    """
    spans = [levels] if levels else [
        (first, last) for last in range(_STAGES_END, _TOP + 1)
        if last == _STAGES_END or 2 ** last * 2 <= side]
    fits = [_measure(boxes, weight, side, assigner, wanted, span, ranges)
            for span in spans for ranges in _candidates(span)]
    return max(fits, key=lambda fit: (round(fit.answered, 3), -fit.idle, _evenness(fit.served)))


def strides_of(levels: tuple[int, int]) -> tuple[int, ...]:
    """The strides of the levels from the first to the last."""
    return tuple(2 ** level for level in range(levels[0], levels[1] + 1))


def _candidates(levels: tuple[int, int]) -> Iterator[Ranges]:
    for strides in _FIRST_ENDS:
        ends = [strides * stride for stride in strides_of(levels)[:-1]]
        yield tuple(zip([0, *ends], [*ends, None]))


def _measure(boxes: Tensor, weight: np.ndarray, side: int, assigner: dict, wanted: int,
             levels: tuple[int, int], ranges: Ranges) -> Fit:
    generator = LocationGenerator(strides_of(levels))
    locations = generator(generator.sizes(side, side), 'cpu')
    claims = FCOSAssigner(**{**assigner, 'regress_ranges': ranges}).claim_counts(
        locations, boxes).numpy()  # (L, N)
    number = claims.sum(0)
    return Fit(levels, ranges, answered=float((number > 0).mean()),
               roomy=float(weight[number >= wanted].sum()),
               served=tuple((claims / number.clip(min=1)).mean(1).tolist()))


def _evenness(shares: tuple[float, ...]) -> float:
    """The entropy of the shares, in nats."""
    share = np.array([each for each in shares if each > 0])
    share = share / share.sum()
    return float(-(share * np.log(share)).sum())
