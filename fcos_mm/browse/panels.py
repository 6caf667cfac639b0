"""The panels of a picture: Figs. 1 to 3 of the paper on one's own data."""
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from fcos_mm.analysis.figures.boxes import draw_box, label_boxes
from fcos_mm.analysis.figures.centerness_map import draw_values
from fcos_mm.analysis.figures.scene_panels import panel_grid, points_per_pixel, show_pixels
from fcos_mm.analysis.figures.style import COLORS, DOTS_PER_INCH, FONT, TITLE_FONT, count, save
from fcos_mm.browse.picture import Picture
from fcos_mm.visualization.palette import complete_palette

_MISSED = dict(color='#D00000', dashed=True, line_width=1.8)
_QUIET = dict(color='black', line_width=0.7)
_EXAMPLE = '#FFFFFF'
_LEGEND_DOT = 25  # square points
_QUALITY = 90  # of a JPEG, which the page compresses once more


class Panel(NamedTuple):
    """A panel of a picture."""
    title: str
    draw: Callable[[Axes, Picture], None]
    of_fcos: bool = True  # whether it needs locations


def panels_of(picture: Picture) -> list[Panel]:
    """The panels that a picture has: all for FCOS, the boxes alone for other heads."""
    return [panel for panel in PANELS if picture.scene.levels or not panel.of_fcos]


def write_png(picture: Picture, path: Path) -> None:
    """Draw all panels of a picture into one file.

    Raises:
        UserError: If it cannot be written.
    """
    panels = panels_of(picture)
    figure, axes = panel_grid(picture.scene, -(-len(panels) // 2), min(len(panels), 2))
    for place, panel in zip(axes.flat, panels):
        panel.draw(place, picture)
        place.set_title(panel.title, fontsize=TITLE_FONT)
    save(figure, str(path))


def write_jpeg(picture: Picture, panel: Panel, path: Path) -> str:
    """Draw a panel alone; returns the name of the file."""
    figure, axes = panel_grid(picture.scene, 1, 1)
    panel.draw(axes[0, 0], picture)
    figure.savefig(path, dpi=DOTS_PER_INCH, bbox_inches='tight', pad_inches=0.03,
                   pil_kwargs=dict(quality=_QUALITY))
    return str(path)


def _draw_boxes(axes: Axes, picture: Picture) -> None:
    """The picture, its boxes in the colors of their classes, and Fig. 1 at one location."""
    scene = picture.scene
    show_pixels(axes, scene, pale=False)
    palette = [to_hex(np.array(color) / 255) for color in
               complete_palette(None, max(picture.labels, default=0) + 1)]
    colors = [palette[label] for label in picture.labels]
    for box, color in zip(scene.boxes, colors):
        draw_box(axes, box, color)
    _draw_missed(axes, picture)
    label_boxes(axes, scene.boxes, scene.names, colors, points_per_pixel=points_per_pixel(scene))
    example = example_location(picture)
    if example is not None:
        _draw_distances(axes, scene.points[example], scene.boxes[scene.gt_index[example]])


def _draw_locations(axes: Axes, picture: Picture) -> None:
    """The positive locations in the colors of their levels."""
    scene = picture.scene
    show_pixels(axes, scene)
    for number, level in enumerate(scene.levels):
        positive = level.cut(scene.gt_index) >= 0
        if positive.any():
            _dots(axes, picture, level.cut(scene.points)[positive], level.stride,
                  COLORS[number % len(COLORS)], f'{level.name}: {positive.sum():,}',
                  height=-number)  # finer levels lie on top
    _draw_all_boxes(axes, picture)
    _legend(axes)


def _draw_centerness(axes: Axes, picture: Picture) -> None:
    draw_values(axes, picture.scene, picture.scene.levels, picture.scene.target)
    _draw_all_boxes(axes, picture)


def _draw_ambiguous(axes: Axes, picture: Picture) -> None:
    """The positive locations, and in red those that several boxes claim."""
    scene = picture.scene
    show_pixels(axes, scene)
    strides = np.repeat([level.stride for level in scene.levels],
                        [np.prod(level.shape) for level in scene.levels])
    ambiguous = np.zeros(len(scene.points), dtype=bool)
    ambiguous[picture.ambiguous] = True
    positive = scene.gt_index >= 0
    for chosen, color, name in ((positive & ~ambiguous, '0.55', 'one box'),
                                (ambiguous, COLORS[4], 'several boxes')):
        _dots(axes, picture, scene.points[chosen], strides[chosen], color,
              f'{name}: {count(int(chosen.sum()), "location")}')
    _draw_all_boxes(axes, picture)
    _legend(axes)


#: In their order.
PANELS: Sequence[Panel] = (
    Panel('Boxes', _draw_boxes, of_fcos=False),
    Panel('Positive locations of each level', _draw_locations),
    Panel('Center-ness, from 0 (blue) to 1 (red)', _draw_centerness),
    Panel('Ambiguous samples', _draw_ambiguous))


def example_location(picture: Picture) -> int | None:
    """A positive location to show distances at: of the largest box, center-ness around a half.

    None if there is no positive location.
    """
    scene = picture.scene
    positive = np.flatnonzero(scene.gt_index >= 0)
    if not len(positive):
        return None
    sides = scene.boxes[:, 2:] - scene.boxes[:, :2]
    area = sides.prod(axis=1)[scene.gt_index[positive]]
    of_largest = positive[area == area.max()]
    return int(of_largest[np.abs(scene.target[of_largest] - 0.5).argmin()])


def _draw_distances(axes: Axes, point: np.ndarray, box: np.ndarray) -> None:
    """Fig. 1: the distances from a location to the sides of its box."""
    (x, y), (x0, y0, x1, y1) = point, box
    for name, end in dict(l=(x0, y), t=(x, y0), r=(x1, y), b=(x, y1)).items():
        axes.annotate('', end, (x, y), zorder=6, arrowprops=dict(
            arrowstyle='->', color=_EXAMPLE, linewidth=1.6, shrinkA=0, shrinkB=0))
        axes.annotate(name, ((x + end[0]) / 2, (y + end[1]) / 2), zorder=7, color='black',
                      fontsize=FONT, ha='center', va='center', style='italic',
                      bbox=dict(boxstyle='round,pad=0.15', facecolor=_EXAMPLE, linewidth=0))
    axes.plot(x, y, 'o', color=COLORS[1], markeredgecolor='black', markersize=6, zorder=8)


def _dots(axes: Axes, picture: Picture, points: np.ndarray, stride: np.ndarray | int, color: str,
          label: str, height: int = 0) -> None:
    diameter = 0.5 * stride * points_per_pixel(picture.scene)
    axes.scatter(*points.T, s=np.clip(diameter, 1.5, 7)**2, color=color, linewidths=0,
                 label=label, zorder=3 + height / 100)


def _draw_all_boxes(axes: Axes, picture: Picture) -> None:
    for box in picture.scene.boxes:
        draw_box(axes, box, **_QUIET)
    _draw_missed(axes, picture)


def _draw_missed(axes: Axes, picture: Picture) -> None:
    for box in picture.missed:
        draw_box(axes, picture.scene.boxes[box], **_MISSED)
        x, y = picture.scene.boxes[box, [0, 3]]
        axes.annotate('missed', (x, y), (0, -3), textcoords='offset points', fontsize=7,
                      color=_MISSED['color'], va='top', zorder=6, annotation_clip=True,
                      bbox=dict(facecolor='white', alpha=0.8, linewidth=0, pad=0.5))


def _legend(axes: Axes) -> None:
    if not axes.get_legend_handles_labels()[0]:
        return
    width, height = np.abs([np.diff(axes.get_xlim()), np.diff(axes.get_ylim())])
    legend = axes.legend(fontsize=FONT - 1, loc='upper center', bbox_to_anchor=(0.5, 0),
                         ncols=5 if width > height else 3, frameon=False, handletextpad=0.2,
                         columnspacing=1.2, borderaxespad=0.3)
    for dot in legend.legend_handles:
        dot.set_sizes([_LEGEND_DOT])
