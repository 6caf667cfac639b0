"""Tables and lists of facts."""
import re
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real

from markupsafe import Markup, escape

from fcos_mm.pages.elements import element, join
from fcos_mm.pages.numbers import known, rounded

Cell = str | Real | None

_SHORT = 20  # letters up to which a fact is written large, and a cell in one line
_FEW = 10  # rows that need no filter


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]], *, id: str, sortable: bool = True,
          filterable: bool = False) -> Markup:
    """A table that readers can sort by its columns.

    Args:
        head: Names of the columns.
        rows: Cells of text or numbers; None is an unknown value.
        id: Of the table in the page.
        sortable: Whether a click on a head sorts.
        filterable: Whether there is a field that keeps the rows with a text, above a long table.
    """
    rows = [list(row) for row in rows]
    if not rows:
        return element('p', 'No rows.', class_='note')
    numeric = [all(_is_number(row[column]) for row in rows) for column in range(len(head))]
    heads = join(_head(name, column, sortable) for name, column in zip(head, numeric))
    body = join(element('tr', join(map(_cell, row, numeric))) for row in rows)
    drawn = element('table', element('thead', element('tr', heads)) + element('tbody', body), id=id)
    field = Markup('<input type="search" class="filter" placeholder="Filter rows" '
                   'aria-label="Filter rows" aria-controls="{}">').format(id)
    return ((field if filterable and len(rows) > _FEW else Markup(''))
            + element('div', drawn, class_='table-box', tabindex=0))


def facts(pairs: Mapping[str, Cell] | Iterable[tuple[str, Cell]]) -> Markup:
    """A list of names and values."""
    pairs = pairs.items() if isinstance(pairs, Mapping) else pairs
    return element('dl', join(map(_fact, pairs)), class_='facts')


def _fact(pair: tuple[str, Cell]) -> Markup:
    name, value = pair[0], _text(pair[1])
    value = element('dd', value, class_='long' if len(value) > _SHORT else None)
    return element('div', element('dt', name) + value)


def _is_number(value: Cell) -> bool:
    return value is None or isinstance(value, Real) and not isinstance(value, bool)


def _head(name: str, numeric: bool, sortable: bool) -> Markup:
    return element('th', element('button', name, type='button') if sortable else name,
                   scope='col', class_='number' if numeric else None,
                   aria_sort='none' if sortable else None)


def _cell(value: Cell, numeric: bool) -> Markup:
    """A cell; a number keeps its exact value for sorting, and a short text its line."""
    exact = repr(float(value)) if _is_number(value) and known(value) else None
    text = _text(value)
    kind = 'number' if numeric else 'short' if len(text) <= _SHORT else None
    return element('td', text, class_=kind, data_value=exact)


def _text(value: Cell) -> Markup:
    if isinstance(value, bool):
        return escape('yes' if value else 'no')
    return escape(rounded(value)) if _is_number(value) else _breakable(value)


def _breakable(text: str) -> Markup:
    """A text whose lines may break within a path or name: behind slashes and underscores."""
    return Markup('<wbr/>').join(map(escape, re.split(r'(?<=[/_])(?=[^/_])', str(text))))
