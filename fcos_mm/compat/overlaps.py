"""Which boxes of a set overlap, without comparing every pair.

Two boxes overlap only if the left edge of one lies within the extent of the
other along x, and their IoU is above t only if it lies within the first 1 - t
of that extent: what they share is at most that part of the other box. After
one sort by left edges a binary search finds exactly those pairs. mmcv shifts
every class to a place of its own before suppression, so that boxes of
different classes are never paired.
"""
import torch
from torch import Tensor

from fcos_mm.compat.ragged import expand, portions

# Pairs compared at a time. Bounds the memory: about 100 bytes a pair.
PAIRS_AT_ONCE = 1 << 19
# Leaves room for rounding where an extent is cut short.
SLACK = 0.999


class Overlaps:
    """Boxes in the order of their left edges, and the pairs that overlap.

    Groups of boxes are ascending positions in that order.

    Args:
        boxes: (N, 4) boxes x0, y0, x1, y1.
        threshold: only pairs with an IoU above this are found; at least 0.
        offset: 0, or 1 for boxes that are ``x1 - x0 + 1`` wide.

    Attributes:
        source (Tensor): (N,) the index each position had in ``boxes``.
        everything (Tensor): (N,) the group of all boxes.
    """

    def __init__(self, boxes: Tensor, threshold: float, offset: int) -> None:
        self.threshold = threshold
        self.offset = offset
        self.left, self.source = boxes[:, 0].sort()
        boxes = boxes.index_select(0, self.source).t()
        size = boxes[2:] - boxes[:2] + offset
        # (5, N): x0, y0, x1, y1, area
        self.rows = torch.cat([boxes, size[:1] * size[1:]])
        self.reach = boxes[2] + offset - threshold * SLACK * size[0]
        self.everything = torch.arange(len(self.left), device=self.left.device)
        self._following_everything = self._search_within(self.left, self.reach)

    def __len__(self) -> int:
        """Pairs of boxes that have to be compared."""
        starts, ends = self._following_everything
        return int((ends - starts).sum())

    def within(self, group: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Every overlapping pair of one group, once.

        Returns:
            Positions i and j in the group, and their IoU; (E,) each.
        """
        if len(group) == len(self.everything):
            ranges = self._following_everything
        else:
            ranges = self._search_within(
                self.left.index_select(0, group), self.reach.index_select(0, group))
        return self._above(group, group, *ranges)

    def between(self, one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
        """Every overlapping pair of two groups, once.

        Returns:
            Positions i in the one and j in the other group; (E,) each.
        """
        left, reach = self.left.index_select(0, one), self.reach.index_select(0, one)
        other_left = self.left.index_select(0, other)
        other_reach = self.reach.index_select(0, other)
        starts = torch.searchsorted(other_left, left)
        ends = torch.searchsorted(other_left, reach, right=True)
        i, j, _ = self._above(one, other, starts, ends)
        starts = torch.searchsorted(left, other_left, right=True)
        ends = torch.searchsorted(left, other_reach, right=True)
        j_too, i_too, _ = self._above(other, one, starts, ends)
        return torch.cat([i, i_too]), torch.cat([j, j_too])

    @staticmethod
    def _search_within(left: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
        """For each box the range of later ones whose left edge it reaches."""
        starts = torch.arange(1, len(left) + 1, device=left.device)
        return starts, torch.maximum(starts, torch.searchsorted(left, reach, right=True))

    def _above(self, one: Tensor, other: Tensor, starts: Tensor,
               ends: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Overlapping pairs among i and ``starts[i] <= j < ends[i]``."""
        found = []
        counts = (ends - starts).clamp_(min=0)
        for portion in portions(counts, PAIRS_AT_ONCE):
            i, place = expand(counts[portion])
            i += portion.start
            j = place.add_(starts.index_select(0, i))
            iou = self._iou(one.index_select(0, i), other.index_select(0, j))
            above = (iou > self.threshold).nonzero().squeeze(1)
            found.append([part.index_select(0, above) for part in (i, j, iou)])
        i, j, iou = (torch.cat(parts) for parts in zip(*found, strict=True))
        return i, j, iou

    def _iou(self, i: Tensor, j: Tensor) -> Tensor:
        """IoU of pairs of positions, by the arithmetic of mmcv's operator."""
        one, other = self.rows.index_select(1, i), self.rows.index_select(1, j)
        size = torch.minimum(one[2:4], other[2:4]) - torch.maximum(one[:2], other[:2])
        size = size.add_(self.offset).clamp_(min=0)
        intersection = size[0] * size[1]
        return intersection / (one[4] + other[4] - intersection)
