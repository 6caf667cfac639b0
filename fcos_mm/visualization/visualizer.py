"""mmdet's visualizer for any class names, any palette and any kind of image file."""
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from mmdet.structures import DetDataSample
from mmdet.visualization import DetLocalVisualizer as MMDetLocalVisualizer
from mmengine.dist import master_only
from mmengine.structures import InstanceData
from mmengine.visualization.utils import tensor2ndarray

from fcos_mm.registry import VISUALIZERS
from fcos_mm.runtime.colors import text_color
from fcos_mm.runtime.drawing_paths import DrawingPaths
from fcos_mm.runtime.label_places import label_corner, text_height
from fcos_mm.visualization.labels import drawable, font_families
from fcos_mm.visualization.palette import complete_palette

_USUAL_HEIGHT = 20  # of a text, for which the line_width of the config is meant
_POINTS = 72  # in an inch


def ours(cfg: dict) -> dict:
    """Replace mmdet's visualizer in a config by ours, whatever the scope."""
    if cfg.get('type') in ('DetLocalVisualizer', 'mmdet.DetLocalVisualizer'):
        return {**cfg, 'type': DetLocalVisualizer}
    return cfg


@VISUALIZERS.register_module()
class DetLocalVisualizer(MMDetLocalVisualizer):
    """Draw what mmdet's visualizer fails on or draws wrong; takes its arguments.

    Texts are as large as the image needs them, on the color of their class.
    A class without a color gets one (:func:`complete_palette`), one without a name its number;
    names in any script are drawn (:func:`drawable`); no drawing overwrites another of the run.
    """

    def __init__(self, name: str = 'visualizer', *args, **kwargs) -> None:
        super().__init__(name, *args, **kwargs)
        self._paths = DrawingPaths()
        self.ax_save.cla = partial(_wipe, self.ax_save)  # building it anew takes 50 ms an image

    @master_only
    def add_datasample(self, name: str, image: np.ndarray,
                       data_sample: DetDataSample | None = None, *args,
                       out_file: str | None = None, **kwargs) -> None:
        """Draw a sample; arguments as mmdet's, ``out_file`` see :class:`DrawingPaths`.

        Raises:
            OSError: If the drawing cannot be written; no partial file is left.
        """
        if out_file is not None:
            out_file = self._paths.of(out_file)
        try:
            super().add_datasample(name, image, data_sample, *args, out_file=out_file, **kwargs)
        except OSError:
            if out_file is not None:
                Path(out_file).unlink(missing_ok=True)
            raise

    def draw_texts(self, texts: str | list[str], *args, **kwargs) -> 'DetLocalVisualizer':
        """Draw texts with fonts that have their characters."""
        texts = drawable([texts] if isinstance(texts, str) else texts)
        kwargs.setdefault('font_families', [font_families()] * len(texts))
        return super().draw_texts(texts, *args, **kwargs)

    def _draw_instances(self, image: np.ndarray, instances: InstanceData,
                        classes: Sequence[str] | None, palette) -> np.ndarray:
        labels = instances.labels if 'labels' in instances else ()
        number = max(len(classes or ()), int(max(labels)) + 1 if len(labels) else 0)
        names = [*(classes or ()), *(f'class {label}' for label in
                                     range(len(classes or ()), number))]
        drawable(names)  # one search for the fonts of all classes
        colors = complete_palette(palette, number)
        with warnings.catch_warnings():  # a box may end at the border
            warnings.filterwarnings('ignore', message='.* is out of bounds')
            if 'masks' in instances or 'label_names' in instances:
                return super()._draw_instances(image, instances, names, colors)
            self.set_image(image)
            if len(labels):
                self._draw_boxes(instances, names, colors)
        return self.get_image()

    def _draw_boxes(self, instances: InstanceData, names: Sequence[str],
                    palette: Sequence[tuple[int, int, int]]) -> None:
        """Draw boxes and labels in sizes that suit the image, those of the best scores on top."""
        if 'scores' in instances:
            instances = instances[instances.scores.argsort()]
        boxes, labels = tensor2ndarray(instances.bboxes), instances.labels.tolist()
        texts = [names[label] for label in labels]
        if 'scores' in instances:
            texts = [f'{text} {score:.2f}'
                     for text, score in zip(texts, instances.scores.tolist())]
        colors = [palette[label] for label in labels]
        pixels = text_height(self.width, self.height)
        self.draw_bboxes(boxes, edge_colors=colors, alpha=self.alpha,
                         line_widths=self.line_width * pixels / _USUAL_HEIGHT)
        corners = [label_corner(box, text, pixels, self.width) for box, text in zip(boxes, texts)]
        self.draw_texts(
            texts, np.array(corners), colors=[text_color(color) for color in colors],
            font_sizes=pixels * _POINTS / self.dpi,
            bboxes=[dict(facecolor=[value / 255 for value in color], edgecolor='none', pad=0.7)
                    for color in colors])


def _wipe(axes: Axes) -> None:
    """Remove all that was drawn."""
    for artist in (*axes.images, *axes.collections, *axes.patches, *axes.lines, *axes.texts):
        artist.remove()
