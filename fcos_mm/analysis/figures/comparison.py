"""Our figures of a table beside the paper's, row by row."""
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from fcos_mm.analysis.figures.style import COLORS, FONT, TITLE_FONT, dress, save

_OURS, _PAPERS = COLORS[0], COLORS[1]
_BAR = 0.36  # of the distance between rows
_ROW_HEIGHT = 0.5  # inches
_ROOM_FOR_FIGURES = 1.45  # times the longest bar, so that the words behind it fit


class Compared(NamedTuple):
    """A row of the chart.

    Attributes:
        label: Name of the row.
        ours: Our figure, the mean over the seeds, in percent; None if not measured.
        spread: Sample standard deviation over the seeds; None for one seed.
        paper: The paper's figure in percent; None where it gives none.
    """
    label: str
    ours: float | None
    spread: float | None
    paper: float | None


def draw_comparison(columns: dict[str, Sequence[Compared]], out_file: str, *,
                    title: str) -> Figure:
    """Draw a panel of bars for each column of a table, its rows from top to bottom.

    Args:
        columns: For each column the same rows in the same order.
        out_file: The picture to write.
        title: What the table shows.

    Returns:
        The figure as written.

    Raises:
        ValueError: If there is no column or no row, or the columns' rows differ.
        UserError: If the picture cannot be written.
    """
    labels = {tuple(row.label for row in rows) for rows in columns.values()}
    if len(labels) != 1 or labels == {()}:
        raise ValueError(f'expected columns of the same rows, got {sorted(labels)}')
    height = 1.3 + _ROW_HEIGHT * len(next(iter(columns.values())))
    figure = Figure(figsize=(2.4 + 3.4 * len(columns), height), layout='compressed')
    panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for axes, (column, rows) in zip(panels, columns.items()):
        _draw_column(axes, column, rows)
    figure.suptitle(title, fontsize=TITLE_FONT)
    figure.legend(handles=_legend(columns), fontsize=FONT, loc='outside lower center',
                  ncols=2, frameon=False)
    save(figure, out_file)
    return figure


def _draw_column(axes: Axes, column: str, rows: Sequence[Compared]) -> None:
    for place, row in enumerate(rows):
        _draw_bar(axes, place - _BAR / 2, row.ours, row.spread, _OURS, 'not measured')
        _draw_bar(axes, place + _BAR / 2, row.paper, None, _PAPERS, '')
    ends = [(row.ours or 0) + (row.spread or 0) for row in rows] + [row.paper or 0 for row in rows]
    end = _ROOM_FOR_FIGURES * (max(ends) or 1)
    axes.set(xlim=(0, end), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= min(end, 100)])
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.set_xlabel(f'{column} (%)', fontsize=FONT)
    dress(axes)
    axes.grid(visible=False, axis='y')


def _draw_bar(axes: Axes, place: float, value: float | None, spread: float | None,
              color: str, otherwise: str) -> None:
    """Draw a bar with its figure behind it, or words where there is none."""
    if value is None:
        axes.annotate(otherwise, (0, place), xytext=(4, 0), textcoords='offset points',
                      va='center', fontsize=FONT - 1, color='0.5', style='italic')
        return
    axes.barh(place, value, height=_BAR, color=color, xerr=spread, capsize=3,
              error_kw=dict(linewidth=1.2))
    figure = f'{value:.2f}' if spread is None else f'{value:.2f} ± {spread:.2f}'
    axes.annotate(figure, (value + (spread or 0), place), xytext=(4, 0),
                  textcoords='offset points', va='center', fontsize=FONT - 1)


def _legend(columns: dict[str, Sequence[Compared]]) -> Sequence[Patch]:
    several = any(row.spread is not None for rows in columns.values() for row in rows)
    ours = 'ours, mean ± standard deviation over seeds' if several else 'ours'
    return [Patch(color=_OURS, label=ours), Patch(color=_PAPERS, label='the paper')]
