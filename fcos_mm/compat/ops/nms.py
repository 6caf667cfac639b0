"""Non-maximum suppression, hard and soft, exact, without compiled code.

From the best box to the worst, a box is dropped if a kept better one overlaps it too much; soft
suppression (Bodla et al., arXiv 1704.04503) lowers its score instead. Hard suppression is in
``suppression.py``.
"""
import torch
from torch import Tensor

from fcos_mm.compat.ops.common import at_least_float, torchvision_ops
from fcos_mm.compat.ops.overlaps import Overlaps
from fcos_mm.compat.ops.suppression import suppress

NAIVE, LINEAR, GAUSSIAN = range(3)  # mmcv's numbers for the methods


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Greedy non-maximum suppression, called as ``mmcv._ext.nms``.

    Args:
        boxes: (N, 4) boxes x0, y0, x1, y1.
        scores: (N,) scores. At equal scores the first box counts as better.
        iou_threshold: A box is dropped if its IoU with a better kept one is above this.
        offset: 0, or 1 for boxes that are ``x1 - x0 + 1`` wide.

    Returns:
        (K,) indices of the kept boxes, best first.

    Raises:
        ValueError: If the threshold is negative.
    """
    if iou_threshold < 0:
        raise ValueError(f'iou_threshold must be at least 0, got {iou_threshold}')
    boxes = at_least_float(boxes)
    vision = torchvision_ops(boxes.device.type)
    if vision is not None and offset == 0:
        # compared in the boxes' precision, as in mmcv: 3 / 10 in single is above 0.3 in double
        threshold = torch.tensor(iou_threshold, dtype=boxes.dtype).item()
        return vision.nms(boxes, scores.to(boxes), threshold)
    best = suppress(boxes.detach().cpu().numpy(), at_least_float(scores).detach().cpu().numpy(),
                    iou_threshold, offset)
    return torch.from_numpy(best).to(boxes.device)


def softnms(boxes: Tensor, scores: Tensor, dets: Tensor, *, iou_threshold: float, sigma: float,
            min_score: float, method: int, offset: int) -> Tensor:
    """Soft non-maximum suppression, called as ``mmcv._ext.softnms``.

    Args:
        boxes: (N, 4) boxes x0, y0, x1, y1.
        scores: (N,) scores. At equal scores the first box counts as better.
        dets: (N, 5) filled with the remaining boxes and their new scores, best first; rows
            beyond their number stay as they are.
        iou_threshold: With the methods naive and linear only an IoU of at least this, above 0,
            lowers a score.
        sigma: Width of the method Gaussian.
        min_score: Boxes that fall below it are dropped.
        method: 0 naive (the score becomes 0), 1 linear (times 1 - IoU), 2 Gaussian (times
            exp(-IoU^2 / sigma)).
        offset: 0, or 1 for boxes that are ``x1 - x0 + 1`` wide.

    Returns:
        (K,) indices of the remaining boxes, in the order of ``dets``.
    """
    if not len(boxes):
        return torch.zeros(0, dtype=torch.long, device=boxes.device)
    scores = at_least_float(scores)
    overlaps = Overlaps(at_least_float(boxes).detach().cpu().numpy(), 0.0, offset)
    i, j, iou = overlaps.within(overlaps.everything)
    i, j, iou = (torch.from_numpy(part).to(boxes.device)
                 for part in (overlaps.source[i], overlaps.source[j], iou))
    if method != GAUSSIAN:
        enough = iou >= iou_threshold
        i, j, iou = i[enough], j[enough], iou[enough]
    new = _decayed(scores, i, j, _factors(iou, method, sigma), min_score)
    order = new.argsort(descending=True, stable=True)[:int((new > -torch.inf).sum())]
    dets[:len(order)] = torch.cat([boxes[order], new[order, None].to(boxes)], dim=1)
    return order


def _factors(iou: Tensor, method: int, sigma: float) -> Tensor:
    """(E,) factors of the score of the worse box of each pair, by their IoU."""
    if method == NAIVE:
        return torch.zeros_like(iou)
    return 1 - iou if method == LINEAR else torch.exp(-(iou * iou) / sigma)


def _decayed(scores: Tensor, i: Tensor, j: Tensor, factors: Tensor, min_score: float) -> Tensor:
    """(N,) the new scores; minus infinity for dropped boxes, which the best of all never is.

    ``i`` and ``j`` (E,) are the boxes of the overlapping pairs.
    """
    best = scores.argmax()
    scores = scores.masked_fill(scores < min_score, -torch.inf).index_copy(
        0, best[None], scores[best][None])
    taken = scores == -torch.inf
    while True:
        open_ = ~(taken[i] | taken[j])
        i, j, factors = i[open_], j[open_], factors[open_]
        if not len(i):
            return scores
        first_wins = (scores[i] > scores[j]) | ((scores[i] == scores[j]) & (i < j))
        better, worse = torch.where(first_wins, i, j), torch.where(first_wins, j, i)
        beaten = torch.zeros_like(taken)
        beaten[worse] = True
        lowers = ~beaten[better]
        scores = scores.scatter_reduce(0, worse[lowers], factors[lowers], 'prod')
        taken |= ~beaten
        dropped = ~taken & (scores < min_score)
        scores = scores.masked_fill(dropped, -torch.inf)
        taken |= dropped
