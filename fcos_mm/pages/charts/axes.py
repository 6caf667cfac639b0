"""The axes of a chart: grid, ticks and labels around the area of the data."""
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from fcos_mm.pages.charts.scale import Scale
from fcos_mm.pages.charts.svg import element, join, text
from fcos_mm.pages.numbers import tick_labels

WIDTH, HEIGHT = 460., 290.
_EM = 12  # the size of the letters, in units of the drawing


class Area(NamedTuple):
    """Where the data lie in the drawing; y points down."""

    left: float
    top: float
    right: float
    bottom: float


PLOT = Area(52., 10., WIDTH - 12, HEIGHT - 44)


def text_width(content: str) -> float:
    """The width of a text, roughly: letters of East Asia are twice as wide."""
    return _EM * sum(1. if ord(letter) > 0x2e7f else 0.56 for letter in content)


def shorten(content: str, width: float) -> str:
    """A text cut to a width."""
    if text_width(content) <= width:
        return content
    while content and text_width(content) > width - _EM:
        content = content[:-1]
    return f'{content.rstrip()}…'


def x_axis(scale: Scale, area: Area) -> Markup:
    """Ticks below the area, and their grid lines."""
    ticks = scale.ticks()
    return join(_x_tick(scale(tick), label, area) for tick, label in zip(ticks, tick_labels(ticks)))


def y_axis(scale: Scale, area: Area) -> Markup:
    """Ticks beside the area, and their grid lines."""
    ticks = scale.ticks()
    return join(
        element('path', d=f'M{area.left:g} {scale(tick):.1f}H{area.right:g}', class_='grid')
        + text(label, area.left - 7, scale(tick) + 4, class_='end')
        for tick, label in zip(ticks, tick_labels(ticks)))


def names_below(names: Sequence[str], places: Sequence[float], area: Area) -> Markup:
    """Names below the area, each in the middle of its place."""
    return join(text(name, place, area.bottom + 17, class_='middle')
                for name, place in zip(names, places))


def labels(x: str, y: str, area: Area, height: float) -> Markup:
    """What the axes show."""
    middle = (area.top + area.bottom) / 2
    return join([text(x, (area.left + area.right) / 2, height - 6, class_='middle axis'),
                 text(y, 0., 0., class_='middle axis',
                      transform=f'translate(13 {middle:.1f}) rotate(-90)')])


def _x_tick(place: float, label: str, area: Area) -> Markup:
    return (element('path', d=f'M{place:.1f} {area.top:g}V{area.bottom:g}', class_='grid')
            + text(label, place, area.bottom + 17, class_='middle'))
