"""All pairs of boxes in the same image, without a loop over images."""
from collections.abc import Iterator

import numpy as np


def pairs_by_image(owner: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Every pair of boxes of one image, once.

    Args:
        owner: (N,) image of each box.

    Yields:
        Two arrays of indices of boxes, the earlier one first; as often as the image with the
        most boxes has boxes.
    """
    order = np.argsort(owner, kind='stable')
    place = np.arange(len(owner))
    for step in range(1, len(owner)):
        place = place[place + step < len(owner)]
        place = place[owner[order[place]] == owner[order[place + step]]]
        if not len(place):
            return
        yield order[place], order[place + step]


def pair_ious(first: np.ndarray, second: np.ndarray, crowd: np.ndarray | bool = False
              ) -> np.ndarray:
    """IoU of pairs of boxes (P,), rounded as pycocotools rounds it; 0 without area.

    Args:
        first: (P, 4) as x, y, width, height.
        second: (P, 4), the same.
        crowd: (P,) which of the second ones are crowds: with these the IoU is the share of the
            first box that lies inside.
    """
    near = np.maximum(first[:, :2], second[:, :2])
    far = np.minimum(first[:, :2] + first[:, 2:], second[:, :2] + second[:, 2:])
    common, area = np.maximum(far - near, 0).prod(1), first[:, 2:].prod(1)
    union = np.where(crowd, area, area + second[:, 2:].prod(1) - common)
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def largest_ious(boxes: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """(N,) the largest IoU of each box with another box of its image; 0 where it is alone.

    Args:
        boxes: (N, 4) as x, y, width, height.
        owner: (N,) their images.
    """
    largest = np.zeros(len(boxes))
    for first, second in pairs_by_image(owner):
        ious = pair_ious(boxes[first], boxes[second])
        for part in (first, second):  # no box is twice in one part
            largest[part] = np.maximum(largest[part], ious)
    return largest
