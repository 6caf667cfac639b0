"""The images whose boxes overlap: the subset ``minival_overlapped`` (paper, Sec. 4.1.3)."""
from collections import defaultdict
from typing import NamedTuple

import numpy as np


class OverlappedSubset(NamedTuple):
    """The part of an annotation file with overlapping boxes.

    Attributes:
        data: In COCO's format, all boxes of the images that stay.
        boxes: Number of its boxes.
        overlapping: How many of them overlap another box.
    """
    data: dict
    boxes: int
    overlapping: int


def overlapping_boxes(boxes: np.ndarray) -> np.ndarray:
    """Return (G,): whether a box and another one have an area in common.

    Args:
        boxes: (G, 4) x, y, width and height.
    """
    near, far = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    common = np.minimum(far[:, None], far) - np.maximum(near[:, None], near)  # (G, G, 2)
    overlaps = (common > 0).all(2)
    np.fill_diagonal(overlaps, False)
    return overlaps.any(1)


def overlapping_images(data: dict) -> list[int]:
    """Return the ids of the images with overlapping boxes, in the order of the file.

    Boxes of any category count, crowd boxes too: so the numbers come closest
    to the paper's.

    Args:
        data: Annotations in COCO's format.
    """
    overlapping = _overlapping_per_image(data)
    return [image['id'] for image in data['images'] if overlapping.get(image['id'])]


def overlapped_subset(data: dict) -> OverlappedSubset:
    """Keep the images with overlapping boxes.

    Args:
        data: Annotations in COCO's format; not changed.
    """
    overlapping = _overlapping_per_image(data)
    images = [image for image in data['images'] if overlapping.get(image['id'])]
    kept = {image['id'] for image in images}
    annotations = [a for a in data['annotations'] if a['image_id'] in kept]
    return OverlappedSubset(
        data=dict(data, images=images, annotations=annotations),
        boxes=len(annotations),
        overlapping=sum(overlapping[image_id] for image_id in kept))


def _overlapping_per_image(data: dict) -> dict[int, int]:
    """Return the number of overlapping boxes of each image with boxes."""
    boxes = defaultdict(list)
    for annotation in data.get('annotations', ()):
        boxes[annotation['image_id']].append(annotation['bbox'])
    return {image_id: int(overlapping_boxes(np.array(found, dtype=np.float64)).sum())
            for image_id, found in boxes.items()}
