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



def rounded(value: Real | None) -> str:
    """The same with three decimals even of the smallest number, for a column of them.

    >>> rounded(0.00001), rounded(-0.00001), rounded(-0.5), rounded(12345)
    ('0.000', '0.000', '-0.500', '12,345')
    """
    return '0.000' if known(value) and 0 < abs(value) < 0.0005 else number(value)


def short_numbers(values: Sequence[float]) -> list[str]:
    """Round values in few letters, all with the same number of decimals.

    >>> short_numbers([0, 0.25, 0.5]), short_numbers([0, 20000]), short_numbers([1e-5, 1e-4])
    (['0.00', '0.25', '0.50'], ['0', '20k'], ['1e-5', '1e-4'])
    """
    largest = max((abs(value) for value in values), default=0)
    for unit, suffix in ((1e9, 'G'), (1e6, 'M'), (1e4, 'k')):
        if largest >= unit:
            unit = 1e3 if suffix == 'k' else unit
            return [f'{value / unit:g}{suffix}' if value else '0' for value in values]
    for decimals in range(4):
        if all(abs(round(value, decimals) - value) < 1e-9 * largest for value in values):
            return [f'{value:,.{decimals}f}' for value in values]
    return [_scientific(value) if largest < 0.005 else f'{value:.3g}' for value in values]


def _scientific(value: float) -> str:
    """A small number with one digit or two.

    >>> _scientific(0.00025), _scientific(0)
    ('2.5e-4', '0')
    """
    digits, _, exponent = f'{value:.1e}'.partition('e')
    return f"{digits.removesuffix('.0')}e{int(exponent)}" if value else '0'
