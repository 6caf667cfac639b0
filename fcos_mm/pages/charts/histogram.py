"""A histogram."""
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from fcos_mm.pages.charts import axes, svg
from fcos_mm.pages.charts.scale import Scale, extent
from fcos_mm.pages.numbers import number


def histogram(edges: Sequence[float], counts: Sequence[int] | Sequence[Mapping], *, title: str,
              x: str, y: str, log_x: bool = False) -> Markup:
    """Draw how often values lie between edges.

    Args:
        edges: Of the bins, n + 1 in rising order.
        counts: Of each bin, n; or several series, each with ``name`` and ``counts``.
        title: What the chart shows.
        x: Label of the axis of the values, with its unit.
        y: Label of the counts.
        log_x: Whether the x axis is logarithmic.
    """
    several = len(counts) > 0 and isinstance(counts[0], Mapping)
    series = counts if several else [{'name': '', 'counts': counts}]
    largest = max((count for line in series for count in line['counts']), default=0)
    x_extent = extent(edges, log=log_x)
    if not largest or x_extent is None:
        return svg.nothing_to_draw(title)
    across = axes.across(x_extent, log_x)
    up = axes.up(extent([0, largest], rounded=True))
    drawn = ([_outline(edges, line, svg.colour_class(index), across, up)
              for index, line in enumerate(series)] if several
             else _bins(edges, counts, across, up))
    return axes.chart(title, [axes.x_ticks(across), axes.y_ticks(up)], drawn, x=x, y=y,
                      names=[line['name'] for line in series])


def _bins(edges: Sequence[float], counts: Sequence[int], across: Scale, up: Scale) -> list[Markup]:
    return [svg.mark(svg.rectangle(across(low), up(count), across(high) - across(low),
                                   up(0) - up(count)),
                     f'{number(low)} to {number(high)}: {number(count)}', class_='bin c0')
            for low, high, count in zip(edges, edges[1:], counts) if count]


def _outline(edges: Sequence[float], line: Mapping, colour: str, across: Scale, up: Scale
             ) -> Markup:
    steps = ''.join(f'V{up(count):.1f}H{across(high):.1f}'
                    for high, count in zip(edges[1:], line['counts']))
    return svg.mark(f'M{across(edges[0]):.1f} {up(0):.1f}{steps}V{up(0):.1f}',
                    f'{line["name"]}: {number(sum(line["counts"]))}', class_=f'outline {colour}')
