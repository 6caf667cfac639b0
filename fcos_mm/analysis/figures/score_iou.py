"""Fig. 7: scores of detections against their IoU, before and after center-ness."""
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from fcos_mm.analysis.figures.style import COLORS, FONT, TITLE_FONT, count, dress, save

#: Up to so many points are drawn as points; more are counted in hexagons.
MAX_POINTS = 20_000
_HEXAGONS = 60  # along each axis

ScoresAndIoUs = tuple[np.ndarray, np.ndarray]


def draw_score_iou(before: ScoresAndIoUs, after: ScoresAndIoUs, out_file: str) -> Figure:
    """Draw the detections as points (score, IoU), without and with center-ness, and write it.

    The titles give the share of low-quality detections: those below the line y = x.
    :func:`fcos_mm.analysis.score_iou.score_and_iou` computes the points: scores (N,), IoUs (N,).

    Raises:
        UserError: If the file cannot be written.
    """
    figure = Figure(figsize=(9, 5), layout='compressed')
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    named = {'Without center-ness': before, 'With center-ness': after}
    hexagons = []
    for axes, (title, (scores, ious)) in zip(panels, named.items()):
        hexagons += _draw_points(axes, np.asarray(scores), np.asarray(ious))
        axes.set_title(_title(title, np.asarray(scores), np.asarray(ious)), fontsize=TITLE_FONT)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect='equal')
        axes.set_xlabel('score', fontsize=FONT)
        dress(axes)
    panels[0].set_ylabel('IoU with its ground-truth box', fontsize=FONT)
    panels[0].legend(fontsize=FONT, loc='lower right', framealpha=0.9)
    if hexagons:
        _add_color_bar(figure, panels, hexagons)
    save(figure, out_file)
    return figure


def _draw_points(axes: Axes, scores: np.ndarray, ious: np.ndarray) -> list[PolyCollection]:
    """Draw the points and the line y = x; return the hexagons if the points are many."""
    axes.plot([0, 1], [0, 1], color='#D55E00', linestyle='--', linewidth=1.6, label='y = x',
              zorder=3)
    if len(scores) > MAX_POINTS:
        return [axes.hexbin(scores, ious, gridsize=_HEXAGONS, extent=(0, 1, 0, 1), mincnt=1,
                            cmap='viridis_r', linewidths=0)]
    # a thousand points fill the panel at half opacity
    alpha = float(np.clip(15 / max(len(scores), 1)**0.5, 0.08, 0.7))
    axes.scatter(scores, ious, s=6, color=COLORS[0], alpha=alpha, linewidths=0, rasterized=True)
    return []


def _title(title: str, scores: np.ndarray, ious: np.ndarray) -> str:
    if not len(scores):
        return f'{title}: no detections'
    share = 100 * np.mean(ious < scores)
    return f'{title}\n{count(len(scores), "detection")}, {share:.1f} % under the line'


def _add_color_bar(figure: Figure, panels: np.ndarray, hexagons: list[PolyCollection]) -> None:
    """One scale for all hexagons, and its color bar."""
    norm = LogNorm(1, max(2, max(cells.get_array().max() for cells in hexagons)))
    for cells in hexagons:
        cells.set_norm(norm)
    bar = figure.colorbar(hexagons[0], ax=panels, shrink=0.8, pad=0.02, format='{x:,.0f}')
    bar.set_label('detections in a hexagon', fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT)
