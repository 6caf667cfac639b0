"""Which locations of which level answer for which box, drawn (Sec. 3.1 and 3.2)."""
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mmengine.config import Config

from fcos_mm.analysis.figures.boxes import draw_box, label_boxes, pick_colors
from fcos_mm.analysis.figures.panels import grid_shape, panel_grid, points_per_pixel, show_pixels
from fcos_mm.analysis.figures.scene import Level, Scene, make_scene
from fcos_mm.analysis.figures.style import TITLE_FONT, count, save


def draw_locations(cfg: Config,
                   image: str,
                   boxes: np.ndarray,
                   labels: np.ndarray,
                   class_names: Sequence[str],
                   out_file: str) -> Figure:
    """Draw the boxes in colours and each positive location in its box's colour.

    One panel for each level with a positive location shows the boxes that it
    answers for, one more all levels. Boxes that no location answers for are
    dashed, in every panel.

    Args:
        cfg: The config of an FCOS.
        image: Path of the picture.
        boxes: (G, 4) its boxes, x0, y0, x1, y1 in pixels of the picture.
        labels: (G,) their classes, from 0.
        class_names: C names.
        out_file: The picture to write.

    Returns:
        The figure as written.

    Raises:
        UserError: If the picture cannot be read or written, or the config has
            no ``FCOSHead``.
    """
    scene = make_scene(cfg, image, boxes, labels, class_names)
    colors = pick_colors(scene.boxes)
    number = len(scene.occupied) + 1
    figure, panels = panel_grid(scene, *grid_shape(number))
    for axes, level in zip(panels.flat, scene.occupied):
        _draw_panel(axes, scene, [level], colors, f'{level.name}, stride {level.stride}')
    everything = panels.flat[number - 1]
    _draw_panel(everything, scene, scene.levels, colors, 'All levels')
    label_boxes(everything, scene.boxes, scene.names, colors,
                points_per_pixel=points_per_pixel(scene))
    _tell_unanswered(figure, scene)
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


def _tell_unanswered(figure: Figure, scene: Scene) -> None:
    number = len(scene.unanswered)
    if number:
        figure.suptitle(f'{count(number, "box", "boxes")} that no location answers for, dashed',
                        fontsize=TITLE_FONT)
