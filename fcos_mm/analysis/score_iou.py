"""Score and IoU of each detection (paper, Sec. 8, Fig. 7): are bad boxes scored low?"""
from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from fcos_mm.evaluation.coco_files import Results, Truth, read_results, read_truth
from fcos_mm.evaluation.matcher import Pairs, overlapping


class ScoreIoU(NamedTuple):
    """The N points of Fig. 7 and the shares of low quality, nan if N is 0."""
    scores: np.ndarray  # (N,) x: the final score, in the order of the results
    ious: np.ndarray  # (N,) y: IoU with the corresponding ground-truth box
    below_line: float  # share of points with IoU < score
    confident_but_poor: float  # share with a score above 0.5 and an IoU below 0.5

    @classmethod
    def of(cls, scores: np.ndarray, ious: np.ndarray) -> 'ScoreIoU':
        """From the points alone."""
        return cls(scores, ious, _share(ious < scores), _share((scores > 0.5) & (ious < 0.5)))


def score_and_iou(truth: Truth, results: Results, *,
                  image_ids: Collection[int] | None = None) -> ScoreIoU:
    """Compute the IoU of each detection, in some images or all, with its ground-truth box.

    The paper does not define the ground-truth box of a detection. Here it is the box of the same
    category and image that the detection overlaps most, even if another detection has the same
    box. If there is none, the IoU is 0. Crowd boxes do not count.

    Raises:
        UserError: If a file cannot be used, or a detection names an image or a category that is
            not annotated.
    """
    truth = read_truth(truth)
    rows = read_results(results, truth, image_ids=image_ids)
    known = [box for box in truth.anns.values() if not box.get('iscrowd')]
    numbers: dict = {}
    groups, known_groups = (
        np.array([numbers.setdefault((row['image_id'], row['category_id']), len(numbers))
                  for row in part], dtype=np.int64) for part in (rows, known))
    boxes, known_boxes = (np.array([row['bbox'] for row in part], dtype=np.float64).reshape(-1, 4)
                          for part in (rows, known))
    pairs = overlapping(boxes, groups, known_boxes, known_groups, np.zeros(len(known), dtype=bool))
    scores = np.array([row['score'] for row in rows], dtype=np.float64)
    return ScoreIoU.of(scores, largest_iou(pairs, len(rows)))


def largest_iou(pairs: Pairs, detections: int) -> np.ndarray:
    """The IoU of each detection (D,) with the box that it overlaps most; 0 if there is none."""
    ious = np.zeros(detections)
    np.maximum.at(ious, pairs.found, pairs.ious)
    return ious


def _share(which: np.ndarray) -> float:
    return float(which.mean()) if len(which) else float('nan')
