"""Panels that show a scene."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fcos_mm.analysis.figures.scene import Scene

_AREA = 11  # of a panel, square inches


def grid_shape(number: int) -> tuple[int, int]:
    """Rows and columns for panels, two or three in a row.

    Args:
        number: How many panels.
    """
    columns = number if number < 4 else 2 if number == 4 else 3
    return -(-number // columns), columns


def panel_grid(scene: Scene, rows: int, columns: int) -> tuple[Figure, np.ndarray]:
    """Make a figure with panels of the picture's shape.

    Args:
        scene: What the panels will show.
        rows: Panels in a column.
        columns: Panels in a row.

    Returns:
        The figure, and its axes (rows, columns), all switched off.
    """
    height, width = scene.pixels.shape
    panel_width, panel_height = (_AREA * width / height)**0.5, (_AREA * height / width)**0.5
    figure = Figure(figsize=(columns * panel_width + 0.8, rows * (panel_height + 0.35)),
                    layout='compressed')
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    return figure, panels


def show_pixels(axes: Axes, scene: Scene) -> None:
    """Show the picture pale, so that colours stand out, with a frame at the input's sides.

    Args:
        axes: The panel.
        scene: The scene.
    """
    height, width = scene.pixels.shape
    axes.set_axis_on()
    axes.set(xticks=[], yticks=[])
    axes.imshow(scene.pixels, cmap='gray', vmin=-160, vmax=255, extent=(0, width, height, 0),
                interpolation='antialiased')
    axes.set(xlim=(0, width), ylim=(height, 0))


def points_per_pixel(scene: Scene) -> float:
    """Return how many points (1/72 inch) a pixel of the input is wide in a panel, about.

    Args:
        scene: What the panel shows.
    """
    return 72 * (_AREA / scene.pixels.size)**0.5
