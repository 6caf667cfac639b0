"""Draw which locations of which level are assigned to which box (Sec. 3.1 and 3.2)."""
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mmengine.config import Config

from fcos_mm.analysis.figures.boxes import draw_box, label_boxes, pick_colors
from fcos_mm.analysis.figures.scene import Level, Scene, make_scene
from fcos_mm.analysis.figures.scene_panels import level_panels, points_per_pixel, show_pixels
from fcos_mm.analysis.figures.style import TITLE_FONT, count, save


def draw_locations(cfg: Config, image: str, boxes: np.ndarray, labels: np.ndarray,
                   class_names: Sequence[str], out_file: str) -> Figure:
    """Draw boxes and their positive locations in the same colors and write the figure.

    One panel for each level with a positive location and its boxes, one for all levels. Boxes
    without a location are dashed, in every panel. The arguments are those of
    :func:`~fcos_mm.analysis.figures.scene.make_scene`.

    Raises:
        UserError: If a file cannot be read or written, or the config has no ``FCOSHead``.
    """
    scene = make_scene(cfg, image, boxes, labels, class_names)
    colors = pick_colors(scene.boxes)
    figure, panels = level_panels(scene)
    for axes, levels, name in panels:
        _draw_panel(axes, scene, levels, colors, name)
    label_boxes(axes, scene.boxes, scene.names, colors, points_per_pixel=points_per_pixel(scene))
    if scene.unanswered:
        number = count(len(scene.unanswered), 'box', 'boxes')
        figure.suptitle(f'{number} without a location, dashed', fontsize=TITLE_FONT)
    save(figure, out_file)
    return figure


def _draw_panel(axes: Axes, scene: Scene, levels: Sequence[Level], colors: list[str],
                name: str) -> None:
    show_pixels(axes, scene)
    locations = 0
    for level in reversed(levels):  # dots of finer levels are smaller and lie on top
        index = level.cut(scene.gt_index)
        positive = index >= 0
        diameter = 0.5 * level.stride * points_per_pixel(scene)
        axes.scatter(*level.cut(scene.points)[positive].T, s=np.clip(diameter, 1.5, 7)**2,
                     c=[colors[box] for box in index[positive]], linewidths=0, zorder=3)
        locations += int(positive.sum())
    answered = scene.answered(levels)
    for box in answered:
        draw_box(axes, scene.boxes[box], colors[box])
    for box in scene.unanswered:
        draw_box(axes, scene.boxes[box], colors[box], dashed=True)
    axes.set_title(f'{name}: {count(locations, "location")}, '
                   f'{count(len(answered), "box", "boxes")}', fontsize=TITLE_FONT)
