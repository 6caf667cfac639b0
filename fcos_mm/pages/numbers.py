"""Numbers as a page shows them."""
import math
from collections.abc import Sequence
from numbers import Integral, Real

#: What stands for an unknown value.
UNKNOWN = '–'


def known(value: object) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, Real) and math.isfinite(value)


def number(value: Real | None) -> str:
    """A number with up to three decimals; ``'–'`` for None, NaN and infinity.

    >>> number(0.3456), number(12345), number(0.00001), number(None)
    ('0.346', '12,345', '1e-05', '–')
    """
    if not known(value):
        return UNKNOWN
    if isinstance(value, Integral):
        return f'{int(value):,}'
    size = abs(value)
    if size >= 1000:
        return f'{value:,.0f}'
    return f'{value:.3g}' if 0 < size < 0.0005 else f'{value:.3f}'


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """Labels of ticks, all with the same number of decimals.

    >>> tick_labels([0, 0.25, 0.5]), tick_labels([0, 20000]), tick_labels([1e-5, 1e-4])
    (['0.00', '0.25', '0.50'], ['0', '20k'], ['1e-05', '0.0001'])
    """
    largest = max((abs(tick) for tick in ticks), default=0)
    for unit, suffix in ((1e9, 'G'), (1e6, 'M'), (1e3, 'k')):
        if largest >= 10 * unit or (suffix != 'k' and largest >= unit):
            return [f'{tick / unit:g}{suffix}' if tick else '0' for tick in ticks]
    for decimals in range(4):
        if all(abs(round(tick, decimals) - tick) < 1e-9 * largest for tick in ticks):
            return [f'{tick:,.{decimals}f}' for tick in ticks]
    return [f'{tick:.3g}' for tick in ticks]
