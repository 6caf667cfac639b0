"""The score threshold with the best F1: which detections a user should look at."""
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from pycocotools.coco import COCO

from fcos_mm.evaluation.matcher import in_crowd, match

META_KEY = 'score_thresholds'  # in a checkpoint's meta, and in the message hub


class BestF1(NamedTuple):
    """The score threshold with the best F1, and the metrics at this threshold.

    Attributes:
        boxes: Number of ground-truth boxes.
        precision, recall, f1: At IoU 0.5, for detections at or above the threshold; 0 if none is
            right.
        threshold: Minimum score of a detection; None if none is right.
    """

    boxes: int
    precision: float = 0.0
    recall: float = 0.0
    f1: float = 0.0
    threshold: float | None = None

    def cells(self, precision: float | None) -> list[str]:
        """The cells of a table: boxes, AP, precision, recall, F1, threshold."""
        numbers = (precision, self.precision, self.recall, self.f1, self.threshold)
        return [f'{self.boxes:,}', *('' if number is None else f'{number:.3f}'
                                     for number in numbers)]


@dataclass(frozen=True)
class ScoreThresholds:
    """Score thresholds as stored in checkpoints: keep detections with ``score >= threshold``.

    Attributes:
        overall: The best threshold for all classes together.
        f1: F1 of ``overall`` on the validation set.
        classes: Class name -> best threshold. Classes of which no box was found are missing.
    """

    overall: float
    f1: float
    classes: dict[str, float]

    def to_meta(self) -> dict[str, Any]:
        """Plain numbers and text to add to ``checkpoint['meta']``."""
        return {META_KEY: asdict(self)}

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any]) -> 'ScoreThresholds | None':
        """Read the thresholds from ``checkpoint['meta']``; None if there are no usable ones."""
        match meta.get(META_KEY) if isinstance(meta, Mapping) else None:
            case {'overall': float(overall), 'f1': float(f1), 'classes': dict(classes)} if all(
                    isinstance(name, str) and isinstance(value, float)
                    for name, value in classes.items()):
                return cls(overall, f1, dict(classes))
        return None


class F1OfClasses(NamedTuple):
    """The best F1 of all classes with one common threshold, and of each class with its own."""

    overall: BestF1
    classes: dict[str, BestF1]

    def thresholds(self) -> ScoreThresholds | None:
        """The thresholds to store in a checkpoint; None if no detection is right."""
        if self.overall.threshold is None:
            return None
        return ScoreThresholds(self.overall.threshold, self.overall.f1, {
            name: best.threshold for name, best in self.classes.items()
            if best.threshold is not None})

    def rows(self, precision: Mapping[str, float] | None = None) -> list[list[str]]:
        """The rows of a table, header first; ``precision`` maps class names to AP."""
        rows = [['category', 'boxes', 'AP', 'precision', 'recall', 'F1', 'score threshold'],
                ['(all)', *self.overall.cells(None)]]
        rows += [[name, *best.cells((precision or {}).get(name))]
                 for name, best in self.classes.items()]
        return rows if precision else [row[:2] + row[3:] for row in rows]


def best_f1(scores: np.ndarray, right: np.ndarray, boxes: int) -> BestF1:
    """The threshold with the best F1 among all scores; in a tie, the highest.

    Args:
        scores: (D,) scores of the detections.
        right: (D,) whether each detection matches a box.
        boxes: Number of ground-truth boxes.
    """
    order = np.argsort(-scores, kind='stable')
    scores, hits = scores[order], np.cumsum(right[order])
    ends = np.flatnonzero(np.diff(scores, append=-np.inf))  # equal scores stay together
    if not len(ends) or not hits[-1]:
        return BestF1(boxes)
    f1 = 2 * hits[ends] / (ends + 1 + boxes)
    best = int(f1.argmax())
    end, hit = int(ends[best]), int(hits[ends[best]])
    below = scores[end + 1] if end + 1 < len(scores) else -math.inf
    return BestF1(boxes, hit / (end + 1), hit / boxes, float(f1[best]),
                  _rounded_down(float(scores[end]), float(below)))


def best_f1_of_classes(truth: COCO, predictions: Sequence[dict], image_ids: Sequence,
                       categories: Mapping[str, Any]) -> F1OfClasses:
    """The best threshold for all classes together, and for each.

    As in COCO's evaluation, crowd boxes and detections matched to them do not count.

    Args:
        truth: The annotations.
        predictions: For each image ``img_id``, ``bboxes`` (N, 4) as (x0, y0, x1, y1) in pixels,
            ``scores`` (N,) and ``labels`` (N,).
        image_ids: The images to evaluate.
        categories: Name -> id, in the order of the labels.
    """
    images = {key: place for place, key in enumerate(image_ids)}
    boxes, crowd, box_images, box_labels = _annotated(truth, images, categories.values())
    found, scores, labels = (np.concatenate([prediction[name] for prediction in predictions])
                             for name in ('bboxes', 'scores', 'labels'))
    found = found.astype(np.float64).reshape(-1, 4)
    found[:, 2:] -= found[:, :2]
    found_images = np.repeat([images[prediction['img_id']] for prediction in predictions],
                             [len(prediction['scores']) for prediction in predictions])
    matched = match(found, scores, found_images * len(categories) + labels,
                    boxes, box_images * len(categories) + box_labels, crowd)
    return f1_of_classes(scores, labels, matched, box_labels, crowd, categories)


def f1_of_classes(scores: np.ndarray, labels: np.ndarray, matched: np.ndarray,
                  box_labels: np.ndarray, crowd: np.ndarray,
                  names: Collection[str]) -> F1OfClasses:
    """The same for detections that are already matched.

    Args:
        scores: (D,) scores of the detections.
        labels: (D,) classes of the detections.
        matched: (D,) index of the box of each detection, -1 for none.
        box_labels: (G,) classes of the boxes.
        crowd: (G,) whether each box is a crowd.
        names: Class names in the order of the labels.
    """
    counts = ~in_crowd(matched, crowd)
    scores, labels, right = scores[counts], labels[counts], matched[counts] >= 0
    box_labels = box_labels[~crowd]
    return F1OfClasses(best_f1(scores, right, len(box_labels)), {
        name: best_f1(scores[labels == label], right[labels == label],
                      int((box_labels == label).sum()))
        for label, name in enumerate(names)})


def _annotated(truth: COCO, images: Mapping, category_ids: Collection) -> tuple[np.ndarray, ...]:
    """Boxes (G, 4) as (x, y, w, h), which are crowds, places of their images, labels."""
    labels = {key: label for label, key in enumerate(category_ids)}
    rows = [(box['bbox'], bool(box.get('iscrowd')), images[box['image_id']],
             labels[box['category_id']]) for box in truth.dataset['annotations']
            if box['image_id'] in images and box['category_id'] in labels]
    boxes, *columns = zip(*rows) if rows else ([], [], [], [])
    return (np.array(boxes, dtype=np.float64).reshape(-1, 4),
            *(np.array(column, dtype=kind) for column, kind in zip(columns, (bool, int, int))))


def _rounded_down(score: float, below: float) -> float:
    """A score with three digits, if that admits no detection more; else as it is."""
    rounded = min(math.floor(score * 1000) / 1000, score)
    return rounded if rounded > below else score
