"""Draw boxes on an image: sides, colors and labels."""
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from mmdet.structures.bbox import bbox_overlaps

from fcos_mm.analysis.figures.style import COLORS
from fcos_mm.runtime.label_places import label_width
from fcos_mm.visualization.labels import drawable, font_families

_LABEL_FONT = 7
_BOX_COLORS = COLORS[:-1]  # without black


def draw_box(axes: Axes, box: np.ndarray, color: str, *, dashed: bool = False,
             line_width: float = 1.4) -> None:
    """Draw the sides of a box (4,) x0, y0, x1, y1."""
    x0, y0, x1, y1 = box
    style = (0, (3, 2)) if dashed else '-'
    axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=color,
                             linewidth=line_width, linestyle=style, zorder=4))


def pick_colors(boxes: np.ndarray) -> list[str]:
    """Colors for boxes (G, 4); overlapping boxes differ where possible."""
    boxes = torch.as_tensor(boxes)
    touching = (bbox_overlaps(boxes, boxes) > 0).numpy()
    chosen: list[int] = []
    for index in range(len(boxes)):
        uses = np.zeros(len(_BOX_COLORS))
        for other, color in enumerate(chosen):
            uses[color] += 1 + 1000 * touching[index, other]
        chosen.append(int(uses.argmin()))
    return [_BOX_COLORS[color] for color in chosen]


def label_boxes(axes: Axes, boxes: np.ndarray, names: Sequence[str], colors: Sequence[str], *,
                points_per_pixel: float) -> None:
    """Write a name at each box, the largest box first, unless it would cover another name.

    Args:
        axes: The panel; its limits are the sides of the image.
        boxes: (G, 4) x0, y0, x1, y1.
        names: G names.
        colors: G colors.
        points_per_pixel: Width of an image pixel in points (1/72 inch).
    """
    names = drawable(names)
    letter = _LABEL_FONT / points_per_pixel  # height in pixels
    limits = np.array([axes.get_xlim()[1], axes.get_ylim()[0]])
    boxes = np.clip(boxes, 0, np.tile(limits, 2))
    occupied: list[np.ndarray] = []
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    for index in np.argsort(-areas, kind='stable'):
        size = np.array([(0.62 * label_width(names[index]) + 0.6) * letter, 1.5 * letter])
        corner = _free_corner(boxes[index], size, occupied, limits)
        if corner is None:
            continue
        occupied.append(np.concatenate([corner, corner + size]))
        axes.text(*(corner + size / 2), names[index], fontsize=_LABEL_FONT, ha='center',
                  va='center', family=font_families(), color=_readable_on(colors[index]), zorder=5,
                  bbox=dict(facecolor=colors[index], edgecolor='none', pad=1))


def _free_corner(box: np.ndarray, size: np.ndarray, occupied: list[np.ndarray],
                 limits: np.ndarray) -> np.ndarray | None:
    """A free place for a name: above the box, in its corners, or below it."""
    (x0, y0, x1, y1), (width, height) = box, size
    corners = [(x, y) for y in (y0 - height, y0, y1 - height, y1) for x in (x0, x1 - width)]
    for corner in np.array(corners):
        inside = (corner >= 0).all() and (corner + size <= limits).all()
        apart = all((corner >= other[2:]).any() or (corner + size <= other[:2]).any()
                    for other in occupied)
        if inside and apart:
            return corner
    return None


def _readable_on(color: str) -> str:
    return 'black' if np.dot(to_rgb(color), (0.299, 0.587, 0.114)) > 0.5 else 'white'
