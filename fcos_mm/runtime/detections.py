"""The detections of one image."""
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from fcos_mm.compat.extras import import_extra
from fcos_mm.runtime.drawing import draw


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
    """
    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    classes: Sequence[str]
    image: np.ndarray
    near: int
    category_ids: dict[str, int] = field(repr=False)

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

    def plot(self):
        """The image with its boxes drawn, a PIL image.

        Raises:
            UserError: If Pillow is not installed.
        """
        return draw(self.image, self.boxes, self.scores, self.labels, self.classes)

    def draw_to(self, path: str | PathLike) -> None:
        """Write the image with its boxes drawn; folders are made.

        Raises:
            OSError: If it cannot be written.
            ValueError: If the ending of the path is not that of an image.
        """
        folder = os.path.dirname(os.fspath(path))
        if folder:
            os.makedirs(folder, exist_ok=True)
        self.plot().save(path)

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
