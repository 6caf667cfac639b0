"""Bar chart of our numbers of a table beside the paper's."""
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from fcos_mm.analysis.figures.style import COLORS, FONT, TITLE_FONT, dress, save

_OURS, _PAPERS = COLORS[0], COLORS[1]
_BAR = 0.36  # of the distance between rows
_ROW_HEIGHT = 0.5  # inches
_ROOM_FOR_TEXT = 1.45  # times the longest bar, so that its number fits


class Compared(NamedTuple):
    """A row of the chart, in percent; None is not measured, or not in the paper."""
    label: str
    ours: float | None  # mean over the seeds
    spread: float | None  # sample standard deviation over the seeds; None for one seed
    paper: float | None


def draw_comparison(columns: dict[str, Sequence[Compared]], out_file: str, *,
                    title: str) -> Figure:
    """Draw a panel of bars for each column of a table, all with the same rows, and write it.

    Raises:
        UserError: If the file cannot be written.
    """
    rows = next(iter(columns.values()))
    figure = Figure(figsize=(2.4 + 3.4 * len(columns), 1.3 + _ROW_HEIGHT * len(rows)),
                    layout='compressed')
    panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for axes, (column, rows) in zip(panels, columns.items()):
        _draw_column(axes, column, rows)
    figure.suptitle(title, fontsize=TITLE_FONT)
    several = any(row.spread is not None for rows in columns.values() for row in rows)
    ours = 'ours, mean ± standard deviation over seeds' if several else 'ours'
    figure.legend(handles=[Patch(color=_OURS, label=ours), Patch(color=_PAPERS, label='the paper')],
                  fontsize=FONT, loc='outside lower center', ncols=2, frameon=False)
    save(figure, out_file)
    return figure


def _draw_column(axes: Axes, column: str, rows: Sequence[Compared]) -> None:
    for place, row in enumerate(rows):
        _draw_bar(axes, place - _BAR / 2, row.ours, row.spread, _OURS, 'not measured')
        _draw_bar(axes, place + _BAR / 2, row.paper, None, _PAPERS, '')
    ends = [(row.ours or 0) + (row.spread or 0) for row in rows] + [row.paper or 0 for row in rows]
    end = _ROOM_FOR_TEXT * (max(ends) or 1)
    axes.set(xlim=(0, end), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= min(end, 100)])
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.set_xlabel(f'{column} (%)', fontsize=FONT)
    dress(axes)
    axes.grid(visible=False, axis='y')


def _draw_bar(axes: Axes, place: float, value: float | None, spread: float | None, color: str,
              missing: str) -> None:
    """Draw a bar and its number, or the word for a missing one."""
    text, end, look = missing, 0, dict(color='0.5', style='italic')
    if value is not None:
        axes.barh(place, value, height=_BAR, color=color, xerr=spread, capsize=3,
                  error_kw=dict(linewidth=1.2))
        text = f'{value:.2f}' if spread is None else f'{value:.2f} ± {spread:.2f}'
        end, look = value + (spread or 0), {}
    axes.annotate(text, (end, place), xytext=(4, 0), textcoords='offset points', va='center',
                  fontsize=FONT - 1, **look)
