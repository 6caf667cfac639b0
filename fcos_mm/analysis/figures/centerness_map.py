"""Fig. 3: center-ness as a heat map over the image."""
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from mmengine.config import Config
from torch import nn

from fcos_mm.analysis.figures.boxes import draw_box, label_boxes
from fcos_mm.analysis.figures.scene import Level, Scene, make_scene
from fcos_mm.analysis.figures.scene_panels import (
    ALL_LEVELS,
    level_panels,
    panel_grid,
    points_per_pixel,
    show_pixels,
)
from fcos_mm.analysis.figures.style import FONT, TITLE_FONT, count, save

_HEAT = 'RdYlBu_r'  # blue 0, red 1, distinct for any color vision
_NORM = Normalize(0, 1)
_BOX = dict(color='black', line_width=0.9)


def draw_centerness(cfg: Config, image: str, boxes: np.ndarray, labels: np.ndarray,
                    class_names: Sequence[str], out_file: str, *,
                    model: nn.Module | None = None) -> Figure:
    """Draw the center-ness target of Eq. (3) over an image (Sec. 3.3) and write the figure.

    One panel for each level with a positive location and its boxes, and one for all levels,
    where finer levels lie on top and boxes without a location are dashed. A location's value
    fills its cell, which may extend beyond the box. With a model three panels stand side by
    side: the target, the prediction at the same locations, the prediction at all locations.
    The arguments are those of :func:`~fcos_mm.analysis.figures.scene.make_scene`.

    Raises:
        UserError: If a file cannot be read or written, the config has no ``FCOSHead``, or the
            model has no center-ness branch.
    """
    scene = make_scene(cfg, image, boxes, labels, class_names, model)
    if model is None:
        figure, panels = level_panels(scene)
        for labeled, levels, _ in panels:
            _draw_panel(labeled, scene, levels, scene.target, _title(scene, levels))
    else:
        figure, labeled = _comparison(scene)
    bar = figure.colorbar(ScalarMappable(_NORM, _HEAT), ax=figure.axes, shrink=0.6, pad=0.02,
                          aspect=30)
    bar.set_label('center-ness', fontsize=FONT)
    bar.ax.tick_params(labelsize=FONT)
    label_boxes(labeled, scene.boxes, scene.names, ['black'] * len(scene.boxes),
                points_per_pixel=points_per_pixel(scene))
    save(figure, out_file)
    return figure


def _comparison(scene: Scene) -> tuple[Figure, Axes]:
    """Target and prediction side by side; the figure and its panel of all levels."""
    figure, panels = panel_grid(scene, len(scene.occupied) + 1, 3)
    predicted = np.where(scene.gt_index >= 0, scene.predicted, np.nan)
    for row, level in zip(panels, scene.occupied):
        _draw_panel(row[0], scene, [level], scene.target, _title(scene, [level]))
        _draw_panel(row[1], scene, [level], predicted, f'{level.name}, predicted')
        _draw_panel(row[2], scene, [level], scene.predicted,
                    f'{level.name}, predicted at all locations')
    _draw_panel(panels[-1, 0], scene, scene.levels, scene.target, ALL_LEVELS)
    _draw_panel(panels[-1, 1], scene, scene.levels, predicted, f'{ALL_LEVELS}, predicted')
    return figure, panels[-1, 0]


def _draw_panel(axes: Axes, scene: Scene, levels: Sequence[Level], values: np.ndarray,
                title: str) -> None:
    """Draw (P,) values of some levels and the boxes of these levels."""
    draw_values(axes, scene, levels, values)
    for box in scene.answered(levels):
        draw_box(axes, scene.boxes[box], **_BOX)
    for box in scene.unanswered if levels is scene.levels else ():
        draw_box(axes, scene.boxes[box], dashed=True, **_BOX)
    axes.set_title(title, fontsize=TITLE_FONT)


def draw_values(axes: Axes, scene: Scene, levels: Sequence[Level], values: np.ndarray) -> None:
    """Draw (P,) values of some levels from 0 to 1 over the pale image; nan is transparent."""
    show_pixels(axes, scene)
    for level in reversed(levels):
        axes.imshow(level.cut(values).reshape(level.shape), cmap=_HEAT, norm=_NORM, alpha=0.65,
                    extent=level.extent, interpolation='nearest', zorder=2)
    height, width = scene.pixels.shape
    axes.set(xlim=(0, width), ylim=(height, 0))  # the cells extend beyond the input


def _title(scene: Scene, levels: Sequence[Level]) -> str:
    if levels is scene.levels:
        return ALL_LEVELS
    level, = levels
    positives = int((level.cut(scene.gt_index) >= 0).sum())
    return f'{level.name}, stride {level.stride}: {count(positives, "location")}'
