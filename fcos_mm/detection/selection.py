"""From what a network finds in the tiles of an image to the detections that are shown."""
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fcos_mm.detection.tiles import Tile, merge
from fcos_mm.runtime.detections import Detections
from fcos_mm.runtime.thresholds import Thresholds

#: Boxes (n, 4) in pixels of a tile, scores (n,) and labels (n,).
Found = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which detections of a network are kept, and what they are called.

    Attributes:
        classes: Names of all classes of the network.
        category_ids: Category id of each class name in COCO results.
        thresholds: The least score of each class.
        wanted: Labels to keep; None for all.
        kind: Makes the detections of the fields of ``Detections``.
    """
    classes: Sequence[str]
    category_ids: dict[str, int]
    thresholds: Thresholds
    wanted: list[int] | None
    kind: Callable[..., Detections] = Detections

    def detections(self, image: np.ndarray, tiles: Sequence[Tile], found: Sequence[Found]
                   ) -> Detections:
        """The detections of an image.

        Args:
            image: (height, width, 3) RGB uint8.
            tiles: Its parts that were looked at.
            found: What was found in each.
        """
        boxes, scores, labels = (np.concatenate(parts) for parts in zip(*(
            (boxes + np.array([x0, y0, x0, y0], np.float32), scores, labels)
            for (boxes, scores, labels), (x0, y0, *_) in zip(found, tiles, strict=True))))
        if self.wanted is not None:
            chosen = np.isin(labels, self.wanted)
            boxes, scores, labels = boxes[chosen], scores[chosen], labels[chosen]
        kept, near = (one(scores, labels) for one in (self.thresholds.keep, self.thresholds.near))
        best = boxes[kept], scores[kept], labels[kept]
        missed = int(near.sum())
        if len(tiles) > 1:
            best, missed = merge(*best), len(merge(boxes[near], scores[near], labels[near])[0])
        boxes, scores, labels = best
        return self.kind(boxes=boxes, scores=scores, labels=labels, classes=self.classes,
                         image=image, near=missed, category_ids=self.category_ids)
