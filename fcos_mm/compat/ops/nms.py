"""Non-maximum suppression, exact, without compiled code.

Going from the best box to the worst, a box is dropped if a better one that
was kept overlaps it too much. The boxes that overlap are found first; which
of them are kept is then settled for all at once, in a few rounds.
"""
import math

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor

from fcos_mm.compat.ops.overlaps import Overlaps
from fcos_mm.compat.ops.precision import at_least_float, rounded_to_type
from fcos_mm.compat.ops.vision import torchvision_ops

# As many pairs as can be compared in the time one more block of boxes takes.
PAIRS_PER_BLOCK = 1 << 12


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Greedy non-maximum suppression, called as ``mmcv._ext.nms``.

    Args:
        boxes: (N, 4) boxes x0, y0, x1, y1.
        scores: (N,) scores. At equal scores the first box counts as better.
        iou_threshold: a box is dropped if its IoU with a better kept one is
            above this; at least 0.
        offset: 0, or 1 for boxes that are ``x1 - x0 + 1`` wide.

    Returns:
        Tensor: (K,) indices of the kept boxes, best first.

    Raises:
        ValueError: the threshold is negative.
    """
    if iou_threshold < 0:
        raise ValueError(f'iou_threshold must be at least 0, got {iou_threshold}')
    boxes = at_least_float(boxes)
    vision = torchvision_ops(boxes.device.type)
    if vision is not None and offset == 0:
        return vision.nms(boxes, scores.to(boxes), rounded_to_type(iou_threshold, boxes))
    order = best_first(at_least_float(scores).detach().cpu().numpy())
    best = order[kept(boxes.detach().cpu().numpy()[order], iou_threshold, offset)]
    return torch.from_numpy(best).to(boxes.device)


def best_first(scores: ndarray) -> ndarray:
    """(N,) indices by descending score, of equal ones the first first."""
    order = np.argsort(-scores)  # not stable, but several times as fast
    ranked = scores[order]
    if (ranked[1:] == ranked[:-1]).any():
        return np.argsort(-scores, kind='stable')
    return order


def kept(boxes: ndarray, iou_threshold: float, offset: int) -> ndarray:
    """Decide greedily which boxes are kept.

    The boxes are taken in blocks, the best first, so that what one block
    suppresses is not compared again. Where few boxes overlap, one block holds
    them all.

    Args:
        boxes: (N, 4), from best to worst.
        iou_threshold: as in :func:`nms`.
        offset: as in :func:`nms`.

    Returns:
        ndarray: (N,) whether each box is kept.
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
    """The ``count`` boxes of the lowest rank, and the others."""
    if count >= len(group):
        return group, group[:0]
    rank = rank[group]
    best = rank <= np.partition(rank, count - 1)[count - 1]
    return group[best], group[~best]


def _suppressed_within(overlaps: Overlaps, group: ndarray) -> ndarray:
    """(len(group),) whether a kept box of the same group suppresses each box.

    A box with no undecided better box over it is kept, and what it lies over
    is suppressed; both are decided then, and the rest is asked again.
    """
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
