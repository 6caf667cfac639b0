"""A two-dimensional histogram."""
import math
from collections.abc import Sequence

from markupsafe import Markup

from fcos_mm.pages.charts.axes import HEIGHT, PLOT, WIDTH, labels, x_axis, y_axis
from fcos_mm.pages.charts.scale import Scale, extent
from fcos_mm.pages.charts.svg import element, figure, join, mark, nothing_to_draw, rectangle
from fcos_mm.pages.numbers import number


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
        return nothing_to_draw(title)
    across = Scale(*extent(x_edges), PLOT.left, PLOT.right)
    up = Scale(*extent(y_edges), PLOT.bottom, PLOT.top)
    drawn = [x_axis(across, PLOT), y_axis(up, PLOT), labels(x, y, PLOT, HEIGHT)]
    for i, column in enumerate(counts):
        for j, count in enumerate(column):
            if count:
                left, upper = across(x_edges[i]), up(y_edges[j + 1])
                drawn.append(mark(
                    rectangle(left, upper, across(x_edges[i + 1]) - left, up(y_edges[j]) - upper),
                    f'{number(count)}: {x} {number(x_edges[i])} to {number(x_edges[i + 1])}, '
                    f'{y} {number(y_edges[j])} to {number(y_edges[j + 1])}', class_='cell',
                    fill_opacity=f'{0.08 + 0.92 * math.log1p(count) / math.log1p(largest):.2f}'))
    if diagonal:
        low, high = max(across.low, up.low), min(across.high, up.high)
        drawn.append(element('path', class_='vertical', d=f'M{across(low):.1f} {up(low):.1f}'
                                                          f'L{across(high):.1f} {up(high):.1f}'))
    return figure(title, join(drawn), WIDTH, HEIGHT,
                  note=f'The stronger the colour, the more; at most {number(largest)} in a cell.')
