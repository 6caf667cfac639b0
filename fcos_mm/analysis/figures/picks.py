"""Pick the images of Fig. 8 by their ground truth, not by the quality of the detections."""
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from mmdet.structures.bbox import bbox_overlaps
from pycocotools.coco import COCO

from fcos_mm.analysis.figures.style import count


class Kind(NamedTuple):
    """A kind of image.

    ``measure`` tells from boxes (n, 4) x0, y0, x1, y1, n at least 1, and the area of the image
    how much an image is of this kind.
    """
    title: str
    measure: Callable[[np.ndarray, float], float]
    sign: int  # 1 if the largest measure is sought, -1 for the smallest
    caption: Callable[[float], str]  # the measure in words


def mean_best_iou(boxes: np.ndarray) -> float:
    """The mean over boxes (n, 4), n at least 1, of the best IoU with another; 0 for one box."""
    boxes = torch.as_tensor(boxes)
    return float(bbox_overlaps(boxes, boxes).fill_diagonal_(0).max(dim=1).values.mean())


def _shares(boxes: np.ndarray, image_area: float) -> np.ndarray:
    """(n,) the boxes' shares of the image."""
    return np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) / image_area


#: An image belongs to the first kind that picks it.
KINDS = {
    'crowded': Kind('Crowded: most boxes', lambda boxes, _: len(boxes), 1,
                    lambda number: count(number, 'box', 'boxes')),
    'overlapping': Kind('Highly overlapping: largest mean of the boxes\' best IoU with another',
                        lambda boxes, _: mean_best_iou(boxes), 1,
                        lambda iou: f'mean best IoU {iou:.2f}'),
    'tiny': Kind('Extremely small: smallest box', lambda *scene: float(_shares(*scene).min()), -1,
                 lambda share: f'smallest box {100 * share:#.2g} % of the image'),
    'huge': Kind('Very large: largest box', lambda *scene: float(_shares(*scene).max()), 1,
                 lambda share: f'largest box {100 * share:.0f} % of the image'),
}


def pick_images(truth: COCO, per_kind: int = 3) -> dict[str, list[int]]:
    """Pick the most crowded, overlapping, tiny and huge images, ``per_kind`` of each.

    Crowd boxes and boxes without area do not count, and an image without any other is not
    picked. Each kind gets its best images among those left; ties by image id.

    Returns:
        For each of :data:`KINDS` the image ids, the best first; fewer if there are not enough.
    """
    measures = {}
    for image_id in sorted(truth.imgs):
        if len(ordinary_boxes(truth, image_id)):
            measures[image_id] = {name: measure(truth, image_id, name) for name in KINDS}
    picks: dict[str, list[int]] = {}
    for name, kind in KINDS.items():
        order = sorted(measures, key=lambda image_id: -kind.sign * measures[image_id][name])
        picks[name] = order[:per_kind]
        for image_id in picks[name]:
            del measures[image_id]
    return picks


def measure(truth: COCO, image_id: int, kind: str) -> float:
    """How much an image, with at least one ordinary box, is of a kind in :data:`KINDS`."""
    image = truth.imgs[image_id]
    return KINDS[kind].measure(ordinary_boxes(truth, image_id), image['width'] * image['height'])


def ordinary_annotations(truth: COCO, image_id: int) -> list[dict]:
    """The annotations of an image that are not crowds and have an area."""
    return [annotation for annotation in truth.imgToAnns[image_id]
            if not annotation.get('iscrowd') and min(annotation['bbox'][2:]) > 0]


def ordinary_boxes(truth: COCO, image_id: int) -> np.ndarray:
    """The boxes (n, 4), x0, y0, x1, y1, of the ordinary annotations of an image."""
    boxes = np.array([annotation['bbox'] for annotation in ordinary_annotations(truth, image_id)],
                     dtype=np.float64).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
