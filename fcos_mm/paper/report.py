"""Report a measured table as text, Markdown, JSON and a bar chart: ours beside the paper's."""
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fcos_mm.analysis.figures.comparison import Compared, draw_comparison
from fcos_mm.atomic_file import write_json, write_text
from fcos_mm.paper.tables import Order, Table

#: The values of a row by column, of one seed.
Numbers = dict[str, float]
#: The numbers of each row by its label, one dictionary a seed.
Measured = dict[str, Sequence[Numbers]]

UNMEASURED = 'not measured'


class Cell(NamedTuple):
    """A number over the seeds."""
    mean: float
    spread: float | None  # sample standard deviation, None for one seed
    seeds: int  # how many seeds have the number
    runs: int  # how many seeds there are

    def __str__(self) -> str:
        spread = '' if self.spread is None else f' ± {self.spread:.2f}'
        some = '' if self.seeds == self.runs else f' ({self.seeds} of {self.runs} seeds)'
        return f'{self.mean:.2f}{spread}{some}'


def write_report(table: Table, measured: Measured, notes: Sequence[str], path: Path) -> str:
    """Write a table as ``path`` with ``.txt``, ``.md``, ``.json`` and ``.png``; return its text.

    Raises:
        UserError: If a file cannot be written.
    """
    text = as_text(table, measured, notes)
    write_text(text + '\n', f'{path}.txt')
    write_text(as_markdown(table, measured, notes) + '\n', f'{path}.md')
    write_json(as_json(table, measured, notes), f'{path}.json')
    draw_comparison({column: compared_rows(table, measured, column) for column in table.main},
                    f'{path}.png', title=table.title)
    return text


def cell(measured: Measured, row: str, column: str) -> Cell | None:
    """The number of a row, by its label, in a column; None if it was not measured."""
    runs = measured.get(row, ())
    values = [numbers[column] for numbers in runs
              if numbers.get(column) is not None and not math.isnan(numbers[column])]
    if not values:
        return None
    spread = statistics.stdev(values) if len(values) > 1 else None
    return Cell(statistics.fmean(values), spread, len(values), len(runs))


def compared_rows(table: Table, measured: Measured, column: str) -> list[Compared]:
    """The rows of a table in one column, for the chart."""
    place = table.columns.index(column)
    cells = [cell(measured, row.label, column) for row in table.rows]
    return [Compared(label=row.label, ours=ours and ours.mean, spread=ours and ours.spread,
                     paper=row.paper[place])
            for row, ours in zip(table.rows, cells)]


def as_json(table: Table, measured: Measured, notes: Sequence[str] = ()) -> dict:
    rows = []
    for row in table.rows:
        numbers = {}
        for column, paper in zip(table.columns, row.paper):
            ours = cell(measured, row.label, column)
            numbers[column] = dict(
                ours=ours and ours.mean, spread=ours and ours.spread,
                seeds=ours.seeds if ours else 0, paper=paper,
                difference=None if ours is None or paper is None else ours.mean - paper)
        rows.append(dict(label=row.label, **dict(zip(table.words, row.words)), figures=numbers))
    return dict(title=table.title, rows=rows,
                order=[_compare(order, measured) for order in table.order], notes=list(notes))


def as_markdown(table: Table, measured: Measured, notes: Sequence[str] = ()) -> str:
    """The table in Markdown, three lines a row."""
    head, *body = _grid(table, measured)
    lines = [f'| {" | ".join(line)} |' for line in [head, ['---'] * len(head), *body]]
    return '\n'.join([*lines, *_remarks(table, measured, notes)])


def as_text(table: Table, measured: Measured, notes: Sequence[str] = ()) -> str:
    """The table in columns for a terminal."""
    grid = _grid(table, measured)
    widths = [max(map(len, column)) for column in zip(*grid)]
    lines = ['  '.join(word.ljust(width) for word, width in zip(line, widths)).rstrip()
             for line in grid]
    return '\n'.join([table.title, '', *lines, *_remarks(table, measured, notes)])


def _grid(table: Table, measured: Measured) -> list[list[str]]:
    """Lines of cells: the head, then for each row ours, the paper's and the difference."""
    lines = [['method', *table.words, '', *table.columns]]
    for row in table.rows:
        ours = [cell(measured, row.label, column) for column in table.columns]
        blank = [''] * (1 + len(table.words))
        lines.append([row.label, *(row.words or blank[1:]), 'ours',
                      *(UNMEASURED if c is None else str(c) for c in ours)])
        lines.append([*blank, 'paper', *('-' if p is None else f'{p:.2f}' for p in row.paper)])
        lines.append([*blank, 'difference', *(
            '-' if c is None or p is None else f'{c.mean - p:+.2f}'
            for c, p in zip(ours, row.paper))])
    return lines


def _remarks(table: Table, measured: Measured, notes: Sequence[str]) -> list[str]:
    """Whether the paper's rankings are reproduced, further comparisons, and the notes."""
    lines = []
    for title, of_paper in (("The paper's rankings, on our results:", True),
                            ('Further comparisons:', False)):
        orders = [order for order in table.order if order.of_paper == of_paper]
        if orders:
            lines += ['', title, *(_conclusion(_compare(order, measured)) for order in orders)]
    return [*lines, '', *notes] if notes else lines


def _conclusion(entry: dict) -> str:
    text = f"- {entry['better']} > {entry['worse']} in {entry['column']}: "
    if entry['holds'] is None:
        return text + UNMEASURED
    return f"{text}{'yes' if entry['holds'] else 'no'} ({entry['by']:+.2f}{entry['certainty']})"


def _compare(order: Order, measured: Measured) -> dict:
    better = cell(measured, order.better, order.column)
    worse = cell(measured, order.worse, order.column)
    if better is None or worse is None:
        return dict(order._asdict(), holds=None, by=None, certainty='')
    by, certainty = better.mean - worse.mean, ''
    if better.spread is not None and worse.spread is not None:
        error = math.sqrt(better.spread**2 / better.seeds + worse.spread**2 / worse.seeds)
        certainty = f', standard error {error:.2f}'
    elif better.seeds < better.runs or worse.seeds < worse.runs:
        certainty = ', standard error unknown: one of them has a single seed'
    return dict(order._asdict(), holds=by > 0, by=by, certainty=certainty)
