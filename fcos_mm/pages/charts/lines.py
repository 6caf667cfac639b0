"""A chart of lines."""
from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from fcos_mm.pages.charts.axes import HEIGHT, PLOT, WIDTH, labels, x_axis, y_axis
from fcos_mm.pages.charts.scale import Scale, extent
from fcos_mm.pages.charts.svg import (colour_class, element, figure, join, mark, nothing_to_draw,
                                      text)
from fcos_mm.pages.numbers import known, number

_MOST_POINTS = 300
_DOTS = 30  # lines of up to so many points show them

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
    x_extent = extent((value for line in series for value in line['x']), x_range, log=log_x)
    y_extent = extent((value for line in series for value in line['y']), y_range, rounded=True)
    if x_extent is None or y_extent is None:
        return nothing_to_draw(title)
    across = Scale(*x_extent, PLOT.left, PLOT.right, log_x)
    up = Scale(*y_extent, PLOT.bottom, PLOT.top)
    drawn = [x_axis(across, PLOT), y_axis(up, PLOT), labels(x, y, PLOT, HEIGHT)]
    drawn += [_line(line, index, across, up) for index, line in enumerate(series)]
    drawn += [_vertical(entry, across) for entry in marks]
    return figure(title, join(drawn), WIDTH, HEIGHT, names=[line['name'] for line in series])


def _line(line: Mapping, index: int, across: Scale, up: Scale) -> Markup:
    runs = list(_runs(line, across.log))
    path = ''.join('M' + 'L'.join(f'{across(x):.1f} {up(y):.1f}' for x, y in thin_out(run))
                   for run in runs)
    if not path:
        return Markup('')
    colour = colour_class(index) + (' dashed' if line.get('dashed') else '')
    values = [y for run in runs for _, y in run]
    tooltip = f'{line["name"]}: {number(min(values))} to {number(max(values))}'
    alone = [run for run in runs if len(run) == 1]
    dotted = runs if len(values) <= _DOTS else alone
    return mark(path, tooltip, class_=f'line {colour}') + join(
        _dot(line['name'], point, colour_class(index), across, up)
        for run in dotted for point in run)


def _dot(name: str, point: Point, colour: str, across: Scale, up: Scale) -> Markup:
    tooltip = element('title', f'{name}: {number(point[1])} at {number(point[0])}')
    return element('circle', tooltip, cx=across(point[0]), cy=up(point[1]), r=2.5,
                   class_=f'dot {colour}')


def _runs(line: Mapping, log_x: bool) -> Iterator[list[Point]]:
    """The points of a line up to each interruption."""
    run = []
    for x, y in [*zip(line['x'], line['y']), (None, None)]:
        if known(x) and known(y) and (x > 0 or not log_x):
            run.append((x, y))
        elif run:
            yield run
            run = []


def thin_out(points: list[Point], most: int = _MOST_POINTS) -> list[Point]:
    """At most so many points of a line; its ends and extremes stay.

    Of each stretch the lowest and the highest point are kept, in their order.
    """
    if len(points) <= most:
        return points
    inner, stretches = points[1:-1], (most - 2) // 2
    kept = []
    for index in range(stretches):
        stretch = range(index * len(inner) // stretches, (index + 1) * len(inner) // stretches)
        extremes = {min(stretch, key=lambda i: inner[i][1]), max(stretch, key=lambda i: inner[i][1])}
        kept += [inner[i] for i in sorted(extremes)]
    return [points[0], *kept, points[-1]]


def _vertical(entry: Mapping, across: Scale) -> Markup:
    if not known(entry['x']):
        return Markup('')
    place = across(entry['x'])
    on_the_left = place > (PLOT.left + PLOT.right) / 2
    return (element('path', d=f'M{place:.1f} {PLOT.top:g}V{PLOT.bottom:g}', class_='vertical')
            + text(entry['label'], place + (-5 if on_the_left else 5), PLOT.top + 11,
                   class_='outlined end' if on_the_left else 'outlined'))
