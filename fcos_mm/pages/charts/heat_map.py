"""A table of colours, such as a confusion matrix."""
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from fcos_mm.pages.charts import axes, svg
from fcos_mm.pages.elements import element, join
from fcos_mm.pages.numbers import known, number, rounded

_NAME_WIDTH = 130.
_WITH_TEXT = 16  # rows and columns up to which cells hold a text


class _Grid(NamedTuple):
    """Where the cells lie: the first one's corner, their side, the size of the letters beside."""

    left: float
    top: float
    side: float
    letters: float


def heat_map(rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float | None]],
             *, title: str, x: str, y: str, texts: Sequence[Sequence[object]] | None = None
             ) -> Markup:
    """Draw a colour for each row and column.

    Args:
        rows: Names of the rows.
        columns: Names of the columns.
        values: Of each row those of its columns; 0 is drawn only where it is what cells say.
        title: What the chart shows.
        x: What the columns are.
        y: What the rows are.
        texts: What to write into the cells; None: the values. Of a large table tooltips show it.
    """
    rows, columns = [str(name) for name in rows], [str(name) for name in columns]
    large = max(len(rows), len(columns)) > _WITH_TEXT
    with_zeros = texts is None and not large
    shown_values = [value for row in values for value in row
                    if known(value) and (value > 0 or with_zeros)]
    if not shown_values:
        return svg.nothing_to_draw(title)
    highest = max(shown_values) or 1.
    grid = _grid(rows, columns, large)
    drawn = [_names(rows, columns, grid), _frame(len(rows), len(columns), grid, x, y)]
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            value = values[i][j]
            if known(value) and (value > 0 or with_zeros):
                shown = rounded(value) if texts is None else str(texts[i][j])
                tooltip = f'{y}: {row}, {x}: {column}: {shown}'
                tooltip += '' if texts is None else f' ({number(value)})'
                drawn.append(_cell(i, j, value / highest, tooltip,
                                   '' if large else shown, grid))
    width = max(grid.left + grid.side * len(columns) + 8, 900. if large else axes.WIDTH)
    return svg.figure(title, join(drawn), width, grid.top + grid.side * len(rows) + 8, wide=large)


def _grid(rows: Sequence[str], columns: Sequence[str], large: bool) -> _Grid:
    """Cells as large as the width of the page allows."""
    beside, above = (min(max(map(axes.text_width, names)), _NAME_WIDTH)
                     for names in (rows, columns))
    if not large:
        width = axes.WIDTH - beside - 36
        return _Grid(beside + 28, above + 28, min(width / len(columns), 64.), 12.)
    side = min(max(840. / len(columns), 9.), 36.)
    letters = min(side * 0.9, 12.)
    return _Grid(beside * letters / 12 + 28, above * letters / 12 + 28, side, letters)


def _frame(rows: int, columns: int, grid: _Grid, x: str, y: str) -> Markup:
    width, height = grid.side * columns, grid.side * rows
    middle = f'translate(13 {grid.top + height / 2:.1f}) rotate(-90)'
    return join([
        element('path', d=svg.rectangle(grid.left, grid.top, width, height), class_='field'),
        svg.text(x, grid.left + width / 2, 12., class_='middle axis'),
        svg.text(y, 0., 0., class_='middle axis', transform=middle)])


def _names(rows: Sequence[str], columns: Sequence[str], grid: _Grid) -> Markup:
    def entry(name: str, x: float, y: float, **attributes: str) -> Markup:
        short = axes.shorten(name, _NAME_WIDTH) + element('title', name)
        return svg.text(short, x, y, **attributes)

    def middle(place: int) -> float:  # of a line of letters beside its cell
        return grid.side * (place + 0.5) + grid.letters * 0.35

    return element('g', join([
        *(entry(name, grid.left - 5, grid.top + middle(place), class_='end')
          for place, name in enumerate(rows)),
        *(entry(name, 0., 0., transform=f'translate({grid.left + middle(place):.1f} '
                                        f'{grid.top - 5:.1f}) rotate(-90)')
          for place, name in enumerate(columns))]), style=f'font-size:{grid.letters:.1f}px')


def _cell(row: int, column: int, share: float, tooltip: str, shown: str, grid: _Grid) -> Markup:
    left, top, side = grid.left + column * grid.side, grid.top + row * grid.side, grid.side
    drawn = svg.mark(svg.rectangle(left, top, side - 1, side - 1), tooltip, class_='cell',
                     fill_opacity=f'{0.06 + 0.94 * share:.2f}')
    strong = 'on-strong' if share > 0.5 else 'on-weak'
    return drawn + svg.text(shown, left + side / 2, top + side / 2 + 4,
                            class_=f'middle {strong}') if shown else drawn
