"""A chart of bars."""
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from fcos_mm.pages.charts.axes import (HEIGHT, PLOT, WIDTH, Area, labels, names_below, shorten,
                                       text_width, x_axis, y_axis)
from fcos_mm.pages.charts.scale import Scale, extent
from fcos_mm.pages.charts.svg import (colour_class, element, figure, join, mark, nothing_to_draw,
                                      rectangle, text)
from fcos_mm.pages.numbers import UNKNOWN, known, number

_THICKNESS = 14.  # of a horizontal bar
_VALUE_WIDTH = 40.


def bar_chart(names: Sequence[str], series: Sequence[Mapping], *, title: str, x: str, y: str,
              y_range: tuple[float, float] | None = None, horizontal: bool = False) -> Markup:
    """Draw a bar for each name and series.

    Args:
        names: Of the groups of bars.
        series: Each with ``name`` and ``y``, a value for each name; None is no bar, but ``'–'``.
        title: What the chart shows.
        x: Label of the axis of the names.
        y: Label of the axis of the values, with its unit.
        y_range: First and last value; None: 0 and those of the data.
        horizontal: Whether bars lie; they do anyway where the names need the place.
    """
    names = [str(name) for name in names]
    values = [value for line in series for value in line['y'] if known(value)]
    value_range = extent([0, *values] if values else [], y_range, rounded=True)
    if value_range is None or not names:
        return nothing_to_draw(title)
    slot = (PLOT.right - PLOT.left) / len(names)
    if horizontal or slot < 12 * len(series) or max(map(text_width, names)) > slot - 4:
        return _lying(names, series, value_range, title, x, y)
    up = Scale(*value_range, PLOT.bottom, PLOT.top + 12)
    middles = [PLOT.left + slot * (index + 0.5) for index in range(len(names))]
    thickness = min(slot * 0.72 / len(series), 48.)
    drawn = [y_axis(up, PLOT), names_below(names, middles, PLOT), labels(x, y, PLOT, HEIGHT)]
    for place, line in enumerate(series):
        for name, middle, value in zip(names, middles, line['y']):
            left = middle + (place - len(series) / 2) * thickness
            bar = Area(left, up(value), left + thickness, up(0)) if known(value) else None
            drawn += [_bar(bar, f'{name}, {line["name"]}: {number(value)}', place),
                      text(number(value), left + thickness / 2, (bar.top if bar else up(0)) - 4,
                           class_='middle value')
                      if thickness >= text_width(number(value)) or bar is None else Markup('')]
    return figure(title, join(drawn), WIDTH, HEIGHT, names=[line['name'] for line in series])


def _lying(names: Sequence[str], series: Sequence[Mapping], value_range: tuple[float, float],
           title: str, x: str, y: str) -> Markup:
    gap = 6.
    slot = _THICKNESS * len(series) + gap
    left = min(max(map(text_width, names)), 150.) + 32
    area = Area(left, 6., WIDTH - _VALUE_WIDTH, 6 + slot * len(names))
    height = area.bottom + 44
    along = Scale(*value_range, area.left, area.right)
    drawn = [x_axis(along, area), labels(y, x, area, height)]
    for row, name in enumerate(names):
        top = area.top + slot * row + gap / 2
        drawn.append(text(shorten(name, 150.) + element('title', name), left - 7,
                          top + (slot - gap) / 2 + 4, class_='end'))
        for place, line in enumerate(series):
            value, upper = line['y'][row], top + _THICKNESS * place
            bar = (Area(along(0), upper + 1, along(value), upper + _THICKNESS - 1)
                   if known(value) else None)
            drawn += [_bar(bar, f'{name}, {line["name"]}: {number(value)}', place),
                      text(number(value), max(bar.left, bar.right) + 4 if bar else along(0) + 4,
                           upper + 11, class_='value')]
    return figure(title, join(drawn), WIDTH, height, names=[line['name'] for line in series])


def _bar(bar: Area | None, tooltip: str, index: int) -> Markup:
    if bar is None:
        return Markup('')
    left, right = sorted((bar.left, bar.right))
    top, bottom = sorted((bar.top, bar.bottom))
    return mark(rectangle(left, top, right - left, bottom - top), tooltip,
                class_=f'bar {colour_class(index)}')
