"""A chart of bars."""
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from fcos_mm.pages.charts import axes, svg
from fcos_mm.pages.charts.scale import Scale, extent
from fcos_mm.pages.elements import element
from fcos_mm.pages.numbers import known, number, rounded

_THICKNESS = 14.  # of a lying bar
_NAME_WIDTH = 150.  # beside lying bars


class _Bar(NamedTuple):
    """A bar, or the place of one whose value is unknown."""

    group: int
    series: int
    value: float | None
    tooltip: str


def bar_chart(names: Sequence[str], series: Sequence[Mapping], *, title: str, x: str, y: str,
              y_range: tuple[float, float] | None = None, horizontal: bool = False) -> Markup:
    """Draw a bar for each name and series.

    Args:
        names: Of the groups of bars.
        series: Each with ``name`` and ``y``, a value for each name; None is no bar, but ``'–'``.
        title: What the chart shows.
        x: What the names are.
        y: What the values are, with their unit.
        y_range: First and last value; None: 0 and those of the data.
        horizontal: Whether the bars lie; they do anyway where the names need the place.
    """
    names = [str(name) for name in names]
    values = [value for line in series for value in line['y'] if known(value)]
    values_extent = extent([0, *values] if values else [], y_range, rounded=True)
    if values_extent is None:
        return svg.nothing_to_draw(title)
    slot = (axes.PLOT.right - axes.PLOT.left) / len(names)
    widest = max(map(axes.text_width, names))
    lying = horizontal or widest > slot - 4 or slot < _THICKNESS * len(series)
    draw = _lying if lying else _standing
    return draw(names, list(_bars(names, series)), values_extent, title=title, x=x, y=y,
                series=[line['name'] for line in series])


def _bars(names: Sequence[str], series: Sequence[Mapping]) -> Iterator[_Bar]:
    for group, name in enumerate(names):
        for index, line in enumerate(series):
            value = line['y'][group] if known(line['y'][group]) else None
            words = [name, line['name']] if len(series) > 1 else [name]
            yield _Bar(group, index, value, f'{", ".join(words)}: {number(value)}')


def _standing(names: Sequence[str], bars: Sequence[_Bar], values: tuple[float, float], *,
              title: str, x: str, y: str, series: Sequence[str]) -> Markup:
    plot = axes.PLOT
    up = Scale(*values, plot.bottom, plot.top + 12)
    slot = (plot.right - plot.left) / len(names)
    thickness = min(slot * 0.8 / len(series), 48.)
    drawn = [svg.text(name, plot.left + slot * (group + 0.5), plot.bottom + 17, class_='middle')
             for group, name in enumerate(names)]
    for bar in bars:
        left = plot.left + slot * (bar.group + 0.5) + thickness * (bar.series - len(series) / 2)
        top, bottom = sorted((up(bar.value or 0), up(0)))
        drawn.append(_drawn(bar, left, top, thickness, bottom - top))
        if bar.value is None or thickness >= axes.text_width(rounded(bar.value)):
            drawn.append(svg.text(rounded(bar.value), left + thickness / 2, top - 4,
                                  class_='middle value'))
    return axes.chart(title, [axes.y_ticks(up)], drawn, x=x, y=y, names=series)


def _lying(names: Sequence[str], bars: Sequence[_Bar], values: tuple[float, float], *,
           title: str, x: str, y: str, series: Sequence[str]) -> Markup:
    slot = _THICKNESS * len(series) + 6
    left = min(max(map(axes.text_width, names)), _NAME_WIDTH) + 32
    area = axes.Area(left, 6., axes.WIDTH - 42, 6 + slot * len(names))
    across = Scale(*values, area.left, area.right)
    drawn = [svg.text(axes.shorten(name, _NAME_WIDTH) + element('title', name), left - 7,
                      area.top + slot * (group + 0.5) + 4, class_='end')
             for group, name in enumerate(names)]
    for bar in bars:
        top = area.top + slot * bar.group + 3 + _THICKNESS * bar.series
        left, right = sorted((across(0), across(bar.value or 0)))
        drawn += [_drawn(bar, left, top + 1, right - left, _THICKNESS - 2),
                  svg.text(rounded(bar.value), right + 4, top + 11, class_='value')]
    return axes.chart(title, [axes.x_ticks(across, area)], drawn, x=y, y=x, area=area,
                      names=series)


def _drawn(bar: _Bar, left: float, top: float, width: float, height: float) -> Markup:
    if bar.value is None:
        return Markup('')
    return svg.mark(svg.rectangle(left, top, width, height), bar.tooltip,
                    class_=f'bar {svg.colour_class(bar.series)}')
