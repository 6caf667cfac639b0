"""Hard non-maximum suppression in NumPy, without PyTorch.

The pairs that overlap are found first; then all boxes over which no undecided better box lies are
decided together, in a few rounds.
"""
import math

import numpy as np
from numpy import ndarray

from fcos_mm.compat.ops.overlaps import Overlaps

# As many pairs as can be compared in the time one more block of boxes takes.
PAIRS_PER_BLOCK = 1 << 12


def suppress(boxes: ndarray, scores: ndarray, iou_threshold: float, offset: int = 0) -> ndarray:
    """Greedy non-maximum suppression.

    Args:
        boxes: (N, 4) boxes x0, y0, x1, y1.
        scores: (N,) scores. At equal scores the first box counts as better.
        iou_threshold: A box is dropped if its IoU with a better kept one is above this.
        offset: 0, or 1 for boxes that are ``x1 - x0 + 1`` wide.

    Returns:
        (K,) indices of the kept boxes, best first.
    """
    order = _best_first(scores)
    return order[_kept(boxes[order], iou_threshold, offset)]


def _best_first(scores: ndarray) -> ndarray:
    """(N,) indices by descending score, of equal ones the first first."""
    order = np.argsort(-scores)  # not stable, but several times as fast
    ranked = scores[order]
    has_ties = (ranked[1:] == ranked[:-1]).any()
    return np.argsort(-scores, kind='stable') if has_ties else order


def _kept(boxes: ndarray, iou_threshold: float, offset: int) -> ndarray:
    """(N,) whether each of the boxes (N, 4), from best to worst, is kept.

    They are taken in blocks, the best first, so that what one block suppresses is not compared
    again. Where few boxes overlap, one block holds them all.
    """
    overlaps = Overlaps(boxes, iou_threshold, offset)
    rank = overlaps.source
    is_kept = np.zeros(len(rank), dtype=bool)
    waiting = overlaps.everything
    blocks = max(1, round(math.sqrt(len(overlaps) / PAIRS_PER_BLOCK)))
    block = math.ceil(len(waiting) / blocks)
    while len(waiting):
        head, waiting = _split_best(waiting, rank, block)
        head = head[~_suppressed_within(overlaps, head)]
        is_kept[rank[head]] = True
        if len(waiting):
            _, suppressed = overlaps.between(head, waiting)
            waiting = waiting[~_mask(waiting, suppressed)]
    return is_kept


def _split_best(group: ndarray, rank: ndarray, count: int) -> tuple[ndarray, ndarray]:
    if count >= len(group):
        return group, group[:0]
    rank = rank[group]
    best = rank <= np.partition(rank, count - 1)[count - 1]
    return group[best], group[~best]


def _suppressed_within(overlaps: Overlaps, group: ndarray) -> ndarray:
    """(len(group),) whether a kept box of the same group suppresses each box."""
    i, j, _ = overlaps.within(group)
    rank = overlaps.source[group]
    swapped = rank[i] > rank[j]
    better, worse = np.where(swapped, j, i), np.where(swapped, i, j)
    suppressed = np.zeros(len(group), dtype=bool)
    while len(better):
        unsure = _mask(group, worse)[better]
        suppressed[worse[~unsure]] = True
        open_ = ~(suppressed[better] | suppressed[worse])
        better, worse = better[open_], worse[open_]
    return suppressed


def _mask(group: ndarray, positions: ndarray) -> ndarray:
    """(len(group),) True at the positions."""
    mask = np.zeros(len(group), dtype=bool)
    mask[positions] = True
    return mask
