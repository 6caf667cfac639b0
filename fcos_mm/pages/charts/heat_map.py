"""A table of colours, such as a confusion matrix."""
from collections.abc import Sequence

from markupsafe import Markup

from fcos_mm.pages.charts.axes import shorten, text_width
from fcos_mm.pages.charts.svg import element, figure, join, mark, nothing_to_draw, rectangle, text
from fcos_mm.pages.numbers import known, number

_NAME_WIDTH = 130.
_WITH_TEXT = 16  # rows and columns up to which cells hold a text


def heat_map(rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float | None]],
             *, title: str, x: str, y: str, texts: Sequence[Sequence[object]] | None = None,
             highest: float | None = None) -> Markup:
    """Draw a colour for each row and column.

    Args:
        rows: Names of the rows.
        columns: Names of the columns.
        values: Of each row those of its columns; 0 has no colour.
        title: What the chart shows.
        x: What the columns are.
        y: What the rows are.
        texts: What to write into the cells; None: the values. Large tables show it in tooltips.
        highest: The value of the strongest colour; None: the largest there is.
    """
    highest = highest or max((value for row in values for value in row if known(value)), default=0)
    if not highest:
        return nothing_to_draw(title)
    small = max(len(rows), len(columns)) > _WITH_TEXT
    side = _side(len(columns), len(rows))
    letters = 12. if side >= 13 else max(side * 0.92, 5.)
    margin = min(max(map(text_width, map(str, [*rows, *columns]))), _NAME_WIDTH) * letters / 12
    left, top = margin + 26, margin + 26
    drawn = [_names(rows, columns, side, left, top, letters),
             element('path', d=rectangle(left, top, side * len(columns), side * len(rows)),
                     class_='field'),
             text(x, left + side * len(columns) / 2, 12., class_='middle axis'),
             text(y, 0., 0., class_='middle axis',
                  transform=f'translate(12 {top + side * len(rows) / 2:.1f}) rotate(-90)')]
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            if known(values[i][j]) and values[i][j] > 0:
                shown = values[i][j] if texts is None else texts[i][j]
                drawn.append(_cell(left + j * side, top + i * side, side, values[i][j] / highest,
                                   f'{y} {row}, {x} {column}: {_shown(shown)} '
                                   f'({number(values[i][j])})', None if small else shown))
    return figure(title, join(drawn), left + side * len(columns) + 8,
                  top + side * len(rows) + 8, wide=small)


def _side(columns: int, rows: int) -> float:
    """The side of a cell: as large as the width of the page allows."""
    small = max(rows, columns) > _WITH_TEXT
    return min(max((900. if small else 380.) / columns, 8.), 40.)


def _names(rows: Sequence[str], columns: Sequence[str], side: float, left: float, top: float,
           letters: float) -> Markup:
    width = _NAME_WIDTH
    size = f'font-size:{letters:.1f}px'
    return element('g', join(
        [text(shorten(str(name), width) + element('title', name), left - 5,
              top + side * (index + 0.5) + letters * 0.35, class_='end')
         for index, name in enumerate(rows)]
        + [text(shorten(str(name), width) + element('title', name), 0., 0.,
                transform=f'translate({left + side * (index + 0.5) + letters * 0.35:.1f} '
                          f'{top - 5:.1f}) rotate(-90)')
           for index, name in enumerate(columns)]), style=size)


def _cell(x: float, y: float, side: float, share: float, tooltip: str, shown: object) -> Markup:
    gap = 0.5 if side > 12 else 0.
    drawn = mark(rectangle(x + gap, y + gap, side - 2 * gap, side - 2 * gap), tooltip,
                 class_='cell', fill_opacity=f'{0.06 + 0.94 * min(share, 1.):.2f}')
    if shown is None:
        return drawn
    return drawn + text(_shown(shown), x + side / 2, y + side / 2 + 4,
                        class_='middle on-strong' if share > 0.5 else 'middle on-weak')


def _shown(value: object) -> str:
    return number(value) if known(value) else str(value)
