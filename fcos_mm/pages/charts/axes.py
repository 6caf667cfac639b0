"""The axes of a chart: grid, ticks and labels around the area of the data."""
from collections.abc import Iterable
from typing import NamedTuple

from markupsafe import Markup

from fcos_mm.pages.charts import svg
from fcos_mm.pages.charts.scale import Scale
from fcos_mm.pages.elements import element, join

WIDTH, HEIGHT = 460., 290.
_LETTER = 12  # the size of the letters, in units of the drawing


class Area(NamedTuple):
    """A rectangle in the drawing; y points down."""

    left: float
    top: float
    right: float
    bottom: float


PLOT = Area(58., 10., WIDTH - 12, HEIGHT - 44)


def across(extent: tuple[float, float], log: bool = False) -> Scale:
    """The scale of the x axis of a chart of the usual size."""
    return Scale(*extent, PLOT.left, PLOT.right, log)


def up(extent: tuple[float, float]) -> Scale:
    """The scale of its y axis."""
    return Scale(*extent, PLOT.bottom, PLOT.top)


def chart(title: str, axes: Iterable[Markup], drawn: Iterable[Markup], *, x: str, y: str,
          area: Area = PLOT, **options: object) -> Markup:
    """A figure of data and their axes.

    Args:
        title: What it shows.
        axes: Ticks and grid lines.
        drawn: The data.
        x: What the axis below shows.
        y: What the axis on the left shows.
        area: Where the data lie.
        options: Those of :func:`svg.figure`.
    """
    height = area.bottom + HEIGHT - PLOT.bottom
    middle = (area.top + area.bottom) / 2
    labels = [svg.text(x, (area.left + area.right) / 2, height - 6, class_='middle axis'),
              svg.text(y, 0., 0., class_='middle axis',
                       transform=f'translate(11 {middle:.1f}) rotate(-90)')]
    return svg.figure(title, join([*axes, *labels, *drawn]), WIDTH, height, **options)


def x_ticks(scale: Scale, area: Area = PLOT, whole: bool = False) -> Markup:
    """Ticks below the area, and their grid lines."""
    return join(
        element('path', d=f'M{scale(tick):.1f} {area.top:g}V{area.bottom:g}', class_='grid')
        + svg.text(label, scale(tick), area.bottom + 17, class_='middle')
        for tick, label in scale.ticks(7, whole))


def y_ticks(scale: Scale, area: Area = PLOT) -> Markup:
    """Ticks beside the area, and their grid lines."""
    return join(
        element('path', d=f'M{area.left:g} {scale(tick):.1f}H{area.right:g}', class_='grid')
        + svg.text(label, area.left - 7, scale(tick) + 4, class_='end')
        for tick, label in scale.ticks())


def text_width(content: str) -> float:
    """The width of a text, roughly: letters of East Asia are twice as wide."""
    return _LETTER * sum(1. if ord(letter) > 0x2e7f else 0.56 for letter in content)


def shorten(content: str, width: float) -> str:
    """A text cut to a width."""
    if text_width(content) <= width:
        return content
    while content and text_width(content) > width - _LETTER:
        content = content[:-1]
    return f'{content.rstrip()}…'
