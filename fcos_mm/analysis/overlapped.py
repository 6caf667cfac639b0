"""The images whose boxes overlap: the subset ``minival_overlapped`` (paper, Sec. 4.1.3)."""
from collections import defaultdict
from typing import NamedTuple

import numpy as np


class OverlappedSubset(NamedTuple):
    """The part of an annotation file with overlapping boxes."""
    data: dict  # in COCO format, with all boxes of the images kept
    boxes: int  # their number
    overlapping: int  # how many of them overlap another box


def overlapping_boxes(boxes: np.ndarray) -> np.ndarray:
    """Return (G,): whether each of the boxes (G, 4) as (x, y, w, h) overlaps another one."""
    near, far = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    common = np.minimum(far[:, None], far) - np.maximum(near[:, None], near)  # (G, G, 2)
    overlaps = (common > 0).all(2)
    np.fill_diagonal(overlaps, False)
    return overlaps.any(1)


def overlapped_subset(data: dict) -> OverlappedSubset:
    """Keep the images with overlapping boxes of a COCO-format dictionary, in its order.

    Boxes of any category count, including crowd boxes: this comes closest to the paper's numbers.
    """
    boxes = defaultdict(list)
    for annotation in data.get('annotations', ()):
        boxes[annotation['image_id']].append(annotation['bbox'])
    overlapping = {image_id: int(overlapping_boxes(np.array(found, dtype=np.float64)).sum())
                   for image_id, found in boxes.items()}
    images = [image for image in data['images'] if overlapping.get(image['id'])]
    kept = {image['id'] for image in images}
    annotations = [a for a in data.get('annotations', ()) if a['image_id'] in kept]
    return OverlappedSubset(
        data=dict(data, images=images, annotations=annotations),
        boxes=len(annotations),
        overlapping=sum(overlapping[image_id] for image_id in kept))
