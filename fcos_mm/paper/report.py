"""A measured table as text, Markdown and JSON: ours, the paper's, the difference."""
import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from fcos_mm.paper.tables import Order, Row, Table

#: Figures of each row, one dictionary a seed, by the row's label.
Measured = dict[str, Sequence[dict[str, float]]]

UNMEASURED = 'not measured'


class Cell(NamedTuple):
    """A figure over the seeds: mean, sample standard deviation (None for one seed), seeds, runs.

    ``seeds`` of the ``runs`` have the figure.
    """
    mean: float
    spread: float | None
    seeds: int
    runs: int

    def __str__(self) -> str:
        spread = '' if self.spread is None else f' ± {_digits(self.spread)}'
        some = '' if self.seeds == self.runs else f' ({self.seeds} of {self.runs} seeds)'
        return f'{_digits(self.mean)}{spread}{some}'


def cell(measured: Measured, row: str, column: str) -> Cell | None:
    """The figure of a row in a column, None where it was not measured.

    Args:
        measured: The figures.
        row: Label of the row.
        column: Name of the column.
    """
    runs = measured.get(row, ())
    values = [figures[column] for figures in runs
              if figures.get(column) is not None and not math.isnan(figures[column])]
    if not values:
        return None
    spread = statistics.stdev(values) if len(values) > 1 else None
    return Cell(statistics.fmean(values), spread, len(values), len(runs))


def as_json(table: Table, measured: Measured, notes: Sequence[str] = ()) -> dict:
    """The table as one dictionary.

    Args:
        table: The table.
        measured: Its figures.
        notes: What else is to be said about it.
    """
    rows = []
    for row in table.rows:
        figures = {}
        for column, paper in zip(table.columns, row.paper):
            ours = cell(measured, row.label, column)
            figures[column] = dict(
                ours=None if ours is None else ours.mean,
                spread=None if ours is None else ours.spread,
                seeds=0 if ours is None else ours.seeds,
                paper=paper,
                difference=None if ours is None or paper is None else ours.mean - paper)
        rows.append(dict(label=row.label, **dict(zip(table.words, row.words)), figures=figures))
    return dict(title=table.title, rows=rows,
                order=[_order_entry(order, measured) for order in table.order], notes=list(notes))


def as_markdown(table: Table, measured: Measured, notes: Sequence[str] = ()) -> str:
    """The table in Markdown, three lines a row.

    Args:
        table: The table.
        measured: Its figures.
        notes: What else is to be said about it.
    """
    lines = _grid(table, measured)
    head, body = lines[0], lines[1:]
    text = [f'| {" | ".join(line)} |' for line in [head, ['---'] * len(head), *body]]
    return '\n'.join([*text, *_conclusions(table, measured), *_noted(notes)])


def as_text(table: Table, measured: Measured, notes: Sequence[str] = ()) -> str:
    """The table in columns for a screen.

    Args:
        table: The table.
        measured: Its figures.
        notes: What else is to be said about it.
    """
    lines = _grid(table, measured)
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ['  '.join(word.ljust(width) for word, width in zip(line, widths)).rstrip()
            for line in lines]
    return '\n'.join([table.title, '', *text, *_conclusions(table, measured), *_noted(notes)])


def _grid(table: Table, measured: Measured) -> list[list[str]]:
    """Lines of words: the head, then for each row ours, the paper's and the difference."""
    lines = [['method', *table.words, '', *table.columns]]
    for row in table.rows:
        ours = [cell(measured, row.label, column) for column in table.columns]
        words = list(row.words) or [''] * len(table.words)
        lines.append([row.label, *words, 'ours',
                      *(UNMEASURED if c is None else str(c) for c in ours)])
        blank = [''] * (1 + len(table.words))
        lines.append([*blank, 'paper', *('-' if p is None else _digits(p) for p in row.paper)])
        lines.append([*blank, 'difference', *_differences(ours, row)])
    return lines


def _differences(ours: Sequence[Cell | None], row: Row) -> list[str]:
    return ['-' if c is None or paper is None else f'{c.mean - paper:+.2f}'
            for c, paper in zip(ours, row.paper)]


def _conclusions(table: Table, measured: Measured) -> list[str]:
    """Whether the paper's order of rows appears, and what else is compared."""
    lines = []
    for title, of_paper in (("The paper's order of the rows:", True),
                            ('Beside the paper:', False)):
        orders = [order for order in table.order if order.of_paper == of_paper]
        if orders:
            lines += ['', title, *(_conclusion(order, measured) for order in orders)]
    return lines


def _noted(notes: Sequence[str]) -> list[str]:
    return ['', *notes] if notes else []


def _conclusion(order: Order, measured: Measured) -> str:
    entry = _order_entry(order, measured)
    said = f'- {order.better} > {order.worse} in {order.column}: '
    if entry['holds'] is None:
        return said + UNMEASURED
    return f"{said}{'yes' if entry['holds'] else 'no'}, by {entry['by']:+.2f}{entry['certainty']}"


def _order_entry(order: Order, measured: Measured) -> dict:
    better = cell(measured, order.better, order.column)
    worse = cell(measured, order.worse, order.column)
    if better is None or worse is None:
        return dict(order._asdict(), holds=None, by=None, certainty='')
    by, certainty = better.mean - worse.mean, ''
    if better.spread is not None and worse.spread is not None:
        error = math.sqrt(better.spread**2 / better.seeds + worse.spread**2 / worse.seeds)
        certainty = f' (standard error {_digits(error)})'
    elif better.seeds < better.runs or worse.seeds < worse.runs:
        certainty = ' (standard error unknown: one of them has a single seed)'
    return dict(order._asdict(), holds=by > 0, by=by, certainty=certainty)


def _digits(value: float) -> str:
    return f'{value:.2f}'
