"""Soft non-maximum suppression: overlapped boxes lose score instead.

The best box is taken again and again, each time lowering the scores of the
boxes under it. A box that no remaining better box overlaps keeps its score
whatever is taken first, so all such boxes are taken together.
"""
import torch
from torch import Tensor

from fcos_mm.compat.ops.overlaps import Overlaps
from fcos_mm.compat.ops.precision import at_least_float

NAIVE, LINEAR, GAUSSIAN = range(3)  # mmcv's numbers for the methods


def softnms(boxes: Tensor, scores: Tensor, dets: Tensor, *, iou_threshold: float, sigma: float,
            min_score: float, method: int, offset: int) -> Tensor:
    """Soft non-maximum suppression, called as ``mmcv._ext.softnms``.

    Args:
        boxes: (N, 4) boxes x0, y0, x1, y1.
        scores: (N,) scores. At equal scores the first box counts as better.
        dets: (N, 5) filled with the remaining boxes and their new scores,
            best first; rows beyond their number are left as they are.
        iou_threshold: with the methods naive and linear only an IoU of at
            least this, above 0, lowers a score.
        sigma: width of the method Gaussian.
        min_score: boxes that fall below it are dropped.
        method: 0 naive (the score becomes 0), 1 linear (times 1 - IoU), 2
            Gaussian (times exp(-IoU^2 / sigma)).
        offset: 0, or 1 for boxes that are ``x1 - x0 + 1`` wide.

    Returns:
        Tensor: (K,) indices of the remaining boxes, in the order of ``dets``.
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
    """What a score is multiplied with under a better box, by their IoU."""
    if method == NAIVE:
        return torch.zeros_like(iou)
    return 1 - iou if method == LINEAR else torch.exp(-(iou * iou) / sigma)


def _decayed(scores: Tensor, i: Tensor, j: Tensor, factors: Tensor, min_score: float) -> Tensor:
    """(N,) the new scores; minus infinity for boxes that are dropped.

    Args:
        scores: (N,).
        i: (E,) one box of each overlapping pair.
        j: (E,) the other box.
        factors: (E,) what the worse of the two is multiplied with.
        min_score: boxes below it are dropped, but for the best of all.
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
