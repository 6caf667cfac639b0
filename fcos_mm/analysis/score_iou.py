"""Score and IoU of each detection (paper, Sec. 8, Fig. 7): are bad boxes scored low?"""
from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from pycocotools.mask import iou

from fcos_mm.evaluation.coco_files import Results, Truth, read_results, read_truth


class ScoreIoU(NamedTuple):
    """The N points of Fig. 7 and the shares of low quality, nan if N is 0."""
    scores: np.ndarray  # (N,) x: the final score, in the order of the results
    ious: np.ndarray  # (N,) y: IoU with the corresponding ground-truth box
    below_line: float  # share of points with IoU < score
    confident_but_poor: float  # share with a score above 0.5 and an IoU below 0.5


def score_and_iou(truth: Truth, results: Results, *,
                  image_ids: Collection[int] | None = None) -> ScoreIoU:
    """Compute the IoU of each detection, of some images or of all, with its ground-truth box.

    The paper does not define the corresponding box. Here it is the box of the detection's
    category in its image that it overlaps most, even if another detection has it too; without
    such a box the IoU is 0. Crowd boxes do not count.

    Raises:
        UserError: If a file cannot be used, or a detection names an image or a category that is
            not annotated.
    """
    truth = read_truth(truth)
    rows = read_results(results, truth, image_ids=image_ids)
    boxes, detections = defaultdict(list), defaultdict(list)  # by image and category
    for box in truth.anns.values():
        if not box.get('iscrowd'):
            boxes[box['image_id'], box['category_id']].append(box['bbox'])
    for index, row in enumerate(rows):
        detections[row['image_id'], row['category_id']].append(index)
    scores = np.array([row['score'] for row in rows], dtype=np.float64)
    ious = np.zeros(len(rows))
    for key in detections.keys() & boxes.keys():
        found, true = (np.array(part, dtype=np.float64) for part in (
            [rows[index]['bbox'] for index in detections[key]], boxes[key]))  # (n, 4), (g, 4)
        ious[detections[key]] = iou(found, true, np.zeros(len(true))).max(axis=1)
    return ScoreIoU(scores, ious, _share(ious < scores), _share((scores > 0.5) & (ious < 0.5)))


def _share(which: np.ndarray) -> float:
    return float(which.mean()) if len(which) else float('nan')
