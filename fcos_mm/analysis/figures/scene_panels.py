"""Panels that show a scene, one for each level and one for all levels."""
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fcos_mm.analysis.figures.scene import Level, Scene

_AREA = 11  # of a panel, square inches
ALL_LEVELS = 'All levels'


def level_panels(scene: Scene) -> tuple[Figure, Iterator[tuple[Axes, Sequence[Level], str]]]:
    """A figure with a panel for each occupied level and one for all levels, and their names."""
    number = len(scene.occupied) + 1
    columns = number if number < 4 else 2 if number == 4 else 3
    figure, panels = panel_grid(scene, -(-number // columns), columns)
    shown = [*(([level], f'{level.name}, stride {level.stride}') for level in scene.occupied),
             (scene.levels, ALL_LEVELS)]
    return figure, ((axes, *what) for axes, what in zip(panels.flat, shown))


def panel_grid(scene: Scene, rows: int, columns: int) -> tuple[Figure, np.ndarray]:
    """A figure with panels of the image's shape: its axes (rows, columns), all switched off."""
    height, width = scene.pixels.shape
    panel_width, panel_height = (_AREA * width / height)**0.5, (_AREA * height / width)**0.5
    figure = Figure(figsize=(columns * panel_width + 0.8, rows * (panel_height + 0.35)),
                    layout='compressed')
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    return figure, panels


def show_pixels(axes: Axes, scene: Scene, *, pale: bool = True) -> None:
    """Show the image, with a frame at the input's sides; pale, so that colors stand out."""
    height, width = scene.pixels.shape
    axes.set_axis_on()
    axes.set(xticks=[], yticks=[])
    axes.imshow(scene.pixels if pale else scene.colors, cmap='gray', vmin=-160, vmax=255,
                extent=(0, width, height, 0), interpolation='antialiased')
    axes.set(xlim=(0, width), ylim=(height, 0))


def points_per_pixel(scene: Scene) -> float:
    """The approximate width of an input pixel in a panel, in points (1/72 inch)."""
    return 72 * (_AREA / scene.pixels.size)**0.5
