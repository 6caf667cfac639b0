"""Scales of axes: from values to coordinates, and where their ticks are."""
import math
from collections.abc import Iterable
from typing import NamedTuple

from matplotlib.ticker import MaxNLocator

from fcos_mm.pages.numbers import known, short_numbers


class Scale(NamedTuple):
    """A linear or logarithmic scale.

    Attributes:
        low: The value at ``start``.
        high: The value at ``end``.
        start: A coordinate.
        end: A coordinate, less than ``start`` on an axis that points up.
        log: Whether it is logarithmic; ``low`` is above 0 then.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The coordinate of a value; values outside lie on the border."""
        low, high, value = (math.log10(max(each, 1e-300)) if self.log else each
                            for each in (self.low, self.high, value))
        share = (value - low) / (high - low)
        return float(self.start + (self.end - self.start) * min(max(share, 0.), 1.))

    def ticks(self, most: int = 5, whole: bool = False) -> list[tuple[float, str]]:
        """Round values on the scale, and their labels.

        Args:
            most: How many steps there are at most between them.
            whole: Whether only whole numbers have a meaning.
        """
        if self.log:
            ticks = _log_ticks(self.low, self.high)
            return [(tick, short_numbers([tick])[0]) for tick in ticks]
        slack = 1e-9 * (self.high - self.low)
        ticks = [round(tick, 12) for tick in _round_values(self.low, self.high, most, whole)
                 if self.low - slack <= tick <= self.high + slack]
        return list(zip(ticks, short_numbers(ticks)))


def extent(values: Iterable[float | None], given: tuple[float, float] | None = None, *,
           log: bool = False, rounded: bool = False) -> tuple[float, float] | None:
    """The range of an axis.

    Args:
        values: What is to be shown; what is not a finite number does not count.
        given: The range if it is fixed.
        log: Whether the axis is logarithmic: what is not above 0 does not count.
        rounded: Whether to widen it to round values.

    Returns:
        Two different values; None if there is nothing to show.
    """
    shown = [float(value) for value in values if known(value) and (value > 0 or not log)]
    if not shown:
        return None
    low, high = given or (min(shown), max(shown))
    if low == high:
        low, high = (low / 2, high * 2) if log else (low - (abs(low) or 1) / 2,
                                                     high + (abs(high) or 1) / 2)
    if rounded and given is None and not log:
        low, *_, high = _round_values(low, high)
    return float(low), float(high)


def _round_values(low: float, high: float, most: int = 5, whole: bool = False) -> list[float]:
    """Round values whose first and last enclose a range."""
    locator = MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10], integer=whole,
                            min_n_ticks=1 if whole else 2)
    return locator.tick_values(low, high).tolist()


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    every = math.ceil(len(decades) / 6)
    digits = (1, ) if len(decades) > 3 else (1, 2, 5)
    ticks = (digit * 10.**decade for decade in decades[::every] for digit in digits)
    return [tick for tick in ticks if low * 0.999999 <= tick <= high * 1.000001]
