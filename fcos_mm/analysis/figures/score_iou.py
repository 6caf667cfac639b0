"""Fig. 7: scores of detections against their IoU, before and after center-ness."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from fcos_mm.analysis.figures.style import COLORS, FONT, TITLE_FONT, count, dress, save

#: So many points are drawn one by one; of more, how many lie in each hexagon.
MAX_POINTS = 20_000
_HEXAGONS = 60  # along each axis

ScoresAndIoUs = tuple[np.ndarray, np.ndarray]


def draw_score_iou(before: ScoresAndIoUs, after: ScoresAndIoUs, out_file: str) -> Figure:
    """Draw the detections as points (score, IoU), side by side.

    The titles give the share of low-quality detections: those under the line
    y = x. :func:`fcos_mm.analysis.score_iou.score_and_iou` finds the points.

    Args:
        before: Scores (N,) and IoUs (N,) without center-ness.
        after: Scores (M,) and IoUs (M,) with center-ness.
        out_file: The picture to write.

    Returns:
        The figure as written.

    Raises:
        ValueError: If there are not as many scores as IoUs.
        UserError: If the picture cannot be written.
    """
    figure = Figure(figsize=(9, 5), layout='compressed')
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    named = {'Without center-ness': before, 'With center-ness': after}
    clouds = []
    for axes, (title, (scores, ious)) in zip(panels, named.items()):
        if len(scores) != len(ious):
            raise ValueError(f'{title}: {len(scores)} scores, but {len(ious)} IoUs')
        clouds.append(_draw_cloud(axes, np.asarray(scores), np.asarray(ious)))
        axes.set_title(_title(title, scores, ious), fontsize=TITLE_FONT)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect='equal')
        axes.set_xlabel('score', fontsize=FONT)
        dress(axes)
    panels[0].set_ylabel('IoU with its ground-truth box', fontsize=FONT)
    panels[0].legend(fontsize=FONT, loc='lower right', framealpha=0.9)
    _add_color_bar(figure, panels, [cloud for cloud in clouds if cloud is not None])
    save(figure, out_file)
    return figure


def _draw_cloud(axes: Axes, scores: np.ndarray, ious: np.ndarray) -> ScalarMappable | None:
    """Draw the points and the line y = x; return the hexagons if they are many."""
    many = len(scores) > MAX_POINTS
    axes.plot([0, 1], [0, 1], color='#D55E00', linestyle='--', linewidth=1.6, label='y = x',
              zorder=3)
    if many:
        return axes.hexbin(scores, ious, gridsize=_HEXAGONS, extent=(0, 1, 0, 1), mincnt=1,
                           cmap='viridis_r', linewidths=0)
    # Half of the ink where a thousand points fill the panel, less where there are more.
    alpha = float(np.clip(15 / max(len(scores), 1)**0.5, 0.08, 0.7))
    axes.scatter(scores, ious, s=6, color=COLORS[0], alpha=alpha, linewidths=0, rasterized=True)
    return None


def _title(title: str, scores: np.ndarray, ious: np.ndarray) -> str:
    if not len(scores):
        return f'{title}: no detections'
    share = 100 * np.mean(np.asarray(ious) < np.asarray(scores))
    return f'{title}\n{count(len(scores), "detection")}, {share:.1f} % under the line'


def _add_color_bar(figure: Figure, panels: np.ndarray, clouds: list) -> None:
    """Give all hexagons one scale and show it."""
    if not clouds:
        return
    norm = LogNorm(1, max(2, max(cloud.get_array().max() for cloud in clouds)))
    for cloud in clouds:
        cloud.set_norm(norm)
    bar = figure.colorbar(clouds[0], ax=panels, shrink=0.8, pad=0.02, format='{x:,.0f}')
    bar.set_label('detections in a hexagon', fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT)
