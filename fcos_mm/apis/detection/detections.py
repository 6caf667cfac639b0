"""The detections of one image, drawn by mmdet's visualizer."""
from dataclasses import dataclass, field

import torch
from mmdet.structures import DetDataSample
from mmdet.visualization import DetLocalVisualizer
from mmengine.structures import InstanceData
from PIL import Image

from fcos_mm.runtime.detections import Detections as PlainDetections


@dataclass(eq=False, kw_only=True, repr=False)
class Detections(PlainDetections):
    """The objects detected in an image.

    Attributes:
        visualizer: Draws the detections.
    """
    visualizer: DetLocalVisualizer = field(repr=False)

    def draw_to(self, path: str) -> None:
        """Write the image with its boxes drawn.

        Raises:
            OSError: If it cannot be written.
        """
        self._draw(out_file=path)

    def plot(self) -> Image.Image:
        """The image with its boxes drawn."""
        self._draw()
        return Image.fromarray(self.visualizer.get_image())

    def _draw(self, **options) -> None:
        self.visualizer.add_datasample('image', self.image, self._sample(), draw_gt=False,
                                       pred_score_thr=-1, **options)

    def _sample(self) -> DetDataSample:
        """The same as mmdet's visualizer takes it."""
        return DetDataSample(pred_instances=InstanceData(
            bboxes=torch.from_numpy(self.boxes), scores=torch.from_numpy(self.scores),
            labels=torch.from_numpy(self.labels)))
