"""Score and IoU of each detection (paper, Sec. 8, Fig. 7): are bad boxes scored low?"""
from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from pycocotools.coco import COCO
from pycocotools.mask import iou

from fcos_mm.evaluation.coco_files import Results, Truth, read_results, read_truth


class ScoreIoU(NamedTuple):
    """The points of Fig. 7 and how many are of low quality; N detections.

    Attributes:
        scores: (N,) x: the final score, in the order of the results.
        ious: (N,) y: IoU with the corresponding ground-truth box.
        below_line: Share of points under the line y = x, IoU < score; nan if
            N is 0.
        confident_but_poor: Share of detections with a score above 0.5 and an
            IoU below 0.5; nan if N is 0.
    """
    scores: np.ndarray
    ious: np.ndarray
    below_line: float
    confident_but_poor: float


def score_and_iou(truth: Truth,
                  results: Results,
                  *,
                  image_ids: Collection[int] | None = None) -> ScoreIoU:
    """Find the IoU of each detection with its ground-truth box.

    The paper does not define the corresponding box. Here it is the box of the
    detection's category in its image that it overlaps most, even where another
    detection has it too; without such a box the IoU is 0. Crowd boxes do not
    count.

    Args:
        truth: Annotation file in COCO's format, or the annotations.
        results: File of detections (``*.bbox.json``), or its rows; may be empty.
        image_ids: Only detections in these images; None: all.

    Raises:
        UserError: If a file cannot be used, or a detection names an image or a
            category that is not annotated.
    """
    truth = read_truth(truth)
    rows = read_results(results, truth, image_ids=image_ids)
    scores = np.array([row['score'] for row in rows], dtype=np.float64)
    ious = np.zeros(len(rows))
    for indices, boxes in _by_image_and_category(rows, truth):
        found = np.array([rows[index]['bbox'] for index in indices], dtype=np.float64)  # (n, 4)
        overlaps = iou(found, boxes, np.zeros(len(boxes)))  # (n, g)
        ious[indices] = overlaps.max(axis=1)
    return ScoreIoU(scores, ious, _share(ious < scores), _share((scores > 0.5) & (ious < 0.5)))


def _by_image_and_category(rows: list[dict], truth: COCO) -> list[tuple[list, np.ndarray]]:
    """Group detections with the boxes of their image and category.

    Returns:
        Indices of detections (n,) and boxes (x, y, w, h), (g, 4), with at least
        one of each.
    """
    boxes: dict[tuple, list] = defaultdict(list)
    for box in truth.anns.values():
        if not box.get('iscrowd'):
            boxes[box['image_id'], box['category_id']].append(box['bbox'])
    found: dict[tuple, list] = defaultdict(list)
    for index, row in enumerate(rows):
        found[row['image_id'], row['category_id']].append(index)
    return [(indices, np.array(boxes[key], dtype=np.float64))
            for key, indices in found.items() if key in boxes]


def _share(which: np.ndarray) -> float:
    return float(which.mean()) if len(which) else float('nan')
