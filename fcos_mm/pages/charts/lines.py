"""A chart of lines."""
from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from fcos_mm.pages.charts import axes, svg
from fcos_mm.pages.charts.scale import Scale, extent
from fcos_mm.pages.elements import element, join
from fcos_mm.pages.numbers import known, number

_MOST_POINTS = 300  # of a line
_DOTS = 30  # a line of up to so many points shows them

Point = tuple[float, float]


def line_chart(series: Sequence[Mapping], *, title: str, x: str, y: str,
               x_range: tuple[float, float] | None = None,
               y_range: tuple[float, float] | None = None, log_x: bool = False,
               marks: Sequence[Mapping] = ()) -> Markup:
    """Draw lines.

    Args:
        series: Each with ``name``, ``x`` and ``y``, lists of the same length; None interrupts
            a line. ``dashed`` draws it dashed.
        title: What the chart shows.
        x: Label of the axis, with its unit.
        y: The other one.
        x_range: First and last value; None: those of the data.
        y_range: The same for y.
        log_x: Whether the x axis is logarithmic.
        marks: Vertical lines, each with ``x`` and ``label``.
    """
    lines = [list(_runs(line, log_x)) for line in series]
    points = [point for runs in lines for run in runs for point in run]
    x_extent = extent((x for x, _ in points), x_range, log=log_x)
    y_extent = extent((y for _, y in points), y_range, rounded=True)
    if x_extent is None or y_extent is None:
        return svg.nothing_to_draw(title)
    across, up = axes.across(x_extent, log_x), axes.up(y_extent)
    whole = all(float(x).is_integer() for x, _ in points)
    drawn = [_line(line, runs, index, across, up)
             for index, (line, runs) in enumerate(zip(series, lines)) if runs]
    drawn += [_vertical(entry, across, row) for row, entry in enumerate(
        entry for entry in marks if known(entry['x']))]
    return axes.chart(title, [axes.x_ticks(across, whole=whole), axes.y_ticks(up)], drawn, x=x,
                      y=y, names=[line['name'] for line in series],
                      dashed=[index for index, line in enumerate(series) if line.get('dashed')])


def _runs(line: Mapping, log_x: bool) -> Iterator[list[Point]]:
    """The points of a line up to each interruption."""
    run = []
    for x, y in [*zip(line['x'], line['y']), (None, None)]:
        if known(x) and known(y) and (x > 0 or not log_x):
            run.append((x, y))
        elif run:
            yield run
            run = []


def _line(line: Mapping, runs: Sequence[list[Point]], index: int, across: Scale, up: Scale
          ) -> Markup:
    path = ''.join('M' + 'L'.join(f'{across(x):.1f} {up(y):.1f}' for x, y in thin_out(run))
                   for run in runs)
    values = [y for run in runs for _, y in run]
    dotted = [run for run in runs if len(values) <= _DOTS or len(run) == 1]
    colour = svg.colour_class(index)
    return svg.mark(path, f'{line["name"]}: {number(min(values))} to {number(max(values))}',
                    class_=f'line {colour}' + (' dashed' if line.get('dashed') else '')
                    ) + join(_dot(line['name'], point, colour, across, up)
                                 for run in dotted for point in run)


def _dot(name: str, point: Point, colour: str, across: Scale, up: Scale) -> Markup:
    x, y = point
    tooltip = element('title', f'{name}: {number(y)} at {number(x)}')
    return element('circle', tooltip, cx=across(x), cy=up(y), r=2.5, class_=f'dot {colour}')


def thin_out(points: list[Point], most: int = _MOST_POINTS) -> list[Point]:
    """At most so many points of a line; its ends and extremes stay.

    Of each stretch the lowest and the highest point are kept, in their order.
    """
    if len(points) <= most:
        return points
    count = (most - 2) // 2
    borders = [1 + index * (len(points) - 2) // count for index in range(count + 1)]
    kept = [place for first, last in zip(borders, borders[1:])
            for place in sorted({pick(range(first, last), key=lambda place: points[place][1])
                                 for pick in (min, max)})]
    return [points[place] for place in (0, *kept, len(points) - 1)]


def _vertical(entry: Mapping, across: Scale, row: int) -> Markup:
    """A mark whose label stands in a row of its own."""
    plot, place = axes.PLOT, across(entry['x'])
    down = plot.top + 11 + 14 * row
    on_the_left = place > (plot.left + plot.right) / 2
    return (element('path', d=f'M{place:.1f} {plot.top:g}V{plot.bottom:g}', class_='vertical')
            + svg.text(entry['label'], place - 5 if on_the_left else place + 5, down,
                       class_='outlined end' if on_the_left else 'outlined'))
