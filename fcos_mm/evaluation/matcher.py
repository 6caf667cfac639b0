"""Match detections with boxes as COCO's evaluation does, all images and classes at once."""
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fcos_mm.datasets.statistics.pairs import pair_ious

_MOST_PAIRS = 500_000  # compared at once


class Pairs(NamedTuple):
    """Pairs of a detection and a box that overlap.

    Attributes:
        found: Index of the detection, (N,) ascending.
        known: Index of the box, (N,).
        ious: Their IoU, (N,); with a crowd the share of the detection that lies inside.
    """

    found: np.ndarray
    known: np.ndarray
    ious: np.ndarray


def match(boxes: np.ndarray, scores: np.ndarray, groups: np.ndarray, truth: np.ndarray,
          truth_groups: np.ndarray, ignored: np.ndarray, iou_threshold: float = 0.5) -> np.ndarray:
    """Match detections with boxes; the higher score chooses first.

    A detection takes the free box of its group with the largest IoU, or failing that an ignored
    one, which any number of detections may share.

    Args:
        boxes: Detections (D, 4) as (x, y, w, h), in pixels.
        scores: Their scores (D,).
        groups: Whole numbers (D,); only boxes of the same group match. A group is
            a class in an image.
        truth: Annotated boxes (G, 4), in the same form.
        truth_groups: Their groups (G,).
        ignored: Which of them are crowds (G,). The IoU with a crowd is the share of the detection
            that lies inside.
        iou_threshold: The least IoU of a match.

    Returns:
        For each detection (D,) the index of its box, -1 without one.
    """
    found, known, ious = overlapping(boxes, groups, truth, truth_groups, ignored, iou_threshold)
    rank = np.empty(len(scores), dtype=np.int64)
    rank[np.argsort(-scores, kind='stable')] = np.arange(len(scores))
    order = np.lexsort((-known, -ious, ignored[known], rank[found]))
    matched, free = np.full(len(scores), -1), np.ones(len(truth), dtype=bool)
    for detection, box in zip(found[order].tolist(), known[order].tolist()):
        if matched[detection] < 0 and free[box]:
            matched[detection], free[box] = box, ignored[box]
    return matched


def in_crowd(matched: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """Which detections (D,) match a crowd: they count neither as right nor as wrong.

    Args:
        matched: What :func:`match` has returned (D,).
        crowd: Which boxes are crowds (G,).
    """
    return np.append(crowd, False)[matched]


def overlapping(boxes: np.ndarray, groups: np.ndarray, truth: np.ndarray,
                truth_groups: np.ndarray, crowd: np.ndarray,
                least: float = np.finfo(float).tiny) -> Pairs:
    """The pairs of a group that overlap, with an IoU of at least ``least``.

    The other arguments are those of :func:`match`.
    """
    return Pairs(*(np.concatenate(parts) for parts in zip(*_parts(
        boxes, groups, truth, truth_groups, crowd, least))))


def _parts(boxes, groups, truth, truth_groups, crowd, least) -> Iterator[Pairs]:
    """The same, a part at a time."""
    by_group = np.argsort(truth_groups, kind='stable')
    first, last = (np.searchsorted(truth_groups[by_group], groups, side)
                   for side in ('left', 'right'))
    pairs = np.cumsum(last - first)
    parts = np.arange(0, pairs[-1] if len(pairs) else 0, _MOST_PAIRS)[1:]
    for part in np.split(np.arange(len(groups)), np.searchsorted(pairs, parts)):
        count = (last - first)[part]
        found = np.repeat(part, count)
        place = np.arange(len(found)) - np.repeat(np.cumsum(count) - count, count)
        known = by_group[np.repeat(first[part], count) + place]
        ious = pair_ious(boxes[found], truth[known], crowd[known])
        near = ious >= least
        yield Pairs(found[near], known[near], ious[near])


def to_xywh(boxes: np.ndarray) -> np.ndarray:
    """Boxes (N, 4) from (x0, y0, x1, y1) to (x, y, w, h)."""
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
