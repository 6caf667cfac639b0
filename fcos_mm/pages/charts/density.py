"""A two-dimensional histogram."""
import math
from collections.abc import Sequence

from markupsafe import Markup

from fcos_mm.pages.charts import axes, svg
from fcos_mm.pages.charts.scale import Scale, extent
from fcos_mm.pages.elements import element
from fcos_mm.pages.numbers import number

_Bin = tuple[str, float, float]  # what the axis shows, and two edges


def density(x_edges: Sequence[float], y_edges: Sequence[float], counts: Sequence[Sequence[int]],
            *, title: str, x: str, y: str, diagonal: bool = False) -> Markup:
    """Draw how often pairs of values lie between edges; the colour grows with the logarithm.

    Args:
        x_edges: Of the bins of the first value, in rising order.
        y_edges: Of those of the second one.
        counts: ``counts[i][j]`` of bin i of the first and bin j of the second value.
        title: What the chart shows.
        x: Label of the first axis, with its unit.
        y: Label of the other one.
        diagonal: Whether to draw the line where both values are equal.
    """
    largest = max((count for column in counts for count in column), default=0)
    if not largest:
        return svg.nothing_to_draw(title)
    across, up = axes.across(extent(x_edges)), axes.up(extent(y_edges))
    drawn = [_cell(count, (x, *x_edges[i:i + 2]), (y, *y_edges[j:j + 2]), largest, across, up)
             for i, column in enumerate(counts) for j, count in enumerate(column) if count]
    if diagonal:
        low, high = max(across.low, up.low), min(across.high, up.high)
        line = f'M{across(low):.1f} {up(low):.1f}L{across(high):.1f} {up(high):.1f}'
        drawn.append(element('path', d=line, class_='vertical'))
    return axes.chart(
        title, [axes.x_ticks(across), axes.y_ticks(up)], drawn, x=x, y=y,
        note=f'A stronger colour means a higher count; the highest is {number(largest)}.')


def _cell(count: int, x: _Bin, y: _Bin, largest: int, across: Scale, up: Scale) -> Markup:
    (x_name, left, right), (y_name, lower, upper) = x, y
    data = svg.rectangle(across(left), up(upper), across(right) - across(left),
                         up(lower) - up(upper))
    tooltip = (f'{number(count)}: {x_name} {number(left)} to {number(right)}, '
               f'{y_name} {number(lower)} to {number(upper)}')
    strength = 0.08 + 0.92 * math.log1p(count) / math.log1p(largest)
    return svg.mark(data, tooltip, class_='cell', fill_opacity=f'{strength:.2f}')
