"""The detections of one image."""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmdet.visualization import DetLocalVisualizer
from mmengine.structures import InstanceData
from PIL import Image

from fcos_mm.compat.extras import import_extra


class Detection(NamedTuple):
    """One object: ``box`` as x0, y0, x1, y1 in pixels, ``score``, ``label`` and ``name``."""
    box: np.ndarray
    score: float
    label: int
    name: str


@dataclass(eq=False, kw_only=True)
class Detections:
    """The n objects detected in an image, highest score first.

    Attributes:
        boxes: (n, 4) x0, y0, x1, y1 in pixels of the image, float32.
        scores: (n,) float32.
        labels: (n,) class indices.
        classes: Names of all classes of the model.
        image: The image as the model saw it, (height, width, 3) RGB uint8.
        near: Number of detections just below the score threshold.
        category_ids: Category id of each class name in COCO results.
        visualizer: Draws the detections.
    """
    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    classes: Sequence[str]
    image: np.ndarray
    near: int
    category_ids: dict[str, int] = field(repr=False)
    visualizer: DetLocalVisualizer = field(repr=False)

    @property
    def names(self) -> list[str]:
        """The class names of the n objects."""
        return [self.classes[label] for label in self.labels]

    def __len__(self) -> int:
        return len(self.scores)

    def __iter__(self) -> Iterator[Detection]:
        rows = zip(self.boxes, self.scores.tolist(), self.labels.tolist(), self.names)
        return (Detection(*row) for row in rows)

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        lines = [f'{len(self)} detections in an image of {width} x {height}']
        lines += [f'  {found.name} {found.score:.2f} at '
                  f'{" ".join(f"{value:.0f}" for value in found.box)}' for found in self]
        return '\n'.join(lines)

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

    def to_coco(self, image_id: int | str) -> list[dict[str, Any]]:
        """The entries of COCO's result format for this image."""
        return [dict(image_id=image_id, **row) for row in self.rows()]

    def rows(self) -> list[dict[str, Any]]:
        """The category, box (x, y, width, height in pixels) and score of each object, for JSON."""
        return [dict(category_id=self.category_ids[name], category_name=name,
                     bbox=[round(value, 2) for value in (x0, y0, x1 - x0, y1 - y0)],
                     score=round(score, 5))
                for name, score, (x0, y0, x1, y1) in zip(
                    self.names, self.scores.tolist(), self.boxes.tolist())]

    def to_supervision(self):
        """``supervision.Detections`` with the names under ``data['class_name']``.

        Raises:
            UserError: If the package supervision is not installed.
        """
        supervision = import_extra('supervision', 'to_supervision()')
        return supervision.Detections(xyxy=self.boxes.copy(), confidence=self.scores.copy(),
                                      class_id=self.labels.copy(),
                                      data=dict(class_name=np.array(self.names, dtype=str)))

    def _sample(self) -> DetDataSample:
        """The same as mmdet's visualizer takes it."""
        return DetDataSample(pred_instances=InstanceData(
            bboxes=torch.from_numpy(self.boxes), scores=torch.from_numpy(self.scores),
            labels=torch.from_numpy(self.labels)))
