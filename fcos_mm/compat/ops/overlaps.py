"""Overlapping boxes of a set, without comparing every pair.

Two boxes overlap only if the left edge of one lies within the extent of the other along x, and
their IoU is above t only if it lies within the first 1 - t of that extent. After one sort by left
edges a binary search finds exactly those pairs. mmcv shifts each class to a place of its own
before suppression, so boxes of different classes are never paired.

In NumPy, without PyTorch: for the few thousand boxes of an image the overhead of its operators
dominates, and the runtime of exported detectors uses the same code.
"""
import numpy as np
from numpy import ndarray

from fcos_mm.compat.ops.portions import portions

# Pairs compared at a time, which bounds the memory: about 100 bytes a pair.
PAIRS_AT_ONCE = 1 << 19
# Leaves room for rounding where an extent is cut short.
SLACK = 0.999


class Overlaps:
    """Boxes in the order of their left edges, and the pairs that overlap.

    Groups of boxes are ascending positions in that order.

    Args:
        boxes: (N, 4) boxes x0, y0, x1, y1.
        threshold: Only pairs with an IoU above this are found; at least 0.
        offset: 0, or 1 for boxes that are ``x1 - x0 + 1`` wide.

    Attributes:
        source: (N,) the index of each position in ``boxes``.
        everything: (N,) the group of all boxes.
    """

    def __init__(self, boxes: ndarray, threshold: float, offset: int) -> None:
        self.threshold = boxes.dtype.type(threshold)
        self.offset = boxes.dtype.type(offset)
        self.source = np.argsort(boxes[:, 0])
        self.left, self.top, self.right, self.bottom = boxes[self.source].T.copy()
        width = self.right - self.left + self.offset
        self.area = width * (self.bottom - self.top + self.offset)
        self.reach = self.right + self.offset - boxes.dtype.type(threshold * SLACK) * width
        self.everything = np.arange(len(boxes))
        self._following_everything = self._search_within(self.left, self.reach)

    def __len__(self) -> int:
        """Pairs of boxes that have to be compared."""
        starts, ends = self._following_everything
        return int((ends - starts).sum())

    def within(self, group: ndarray) -> tuple[ndarray, ndarray, ndarray]:
        """Positions i and j (E,) in a group of each overlapping pair, once, and its IoU (E,)."""
        if len(group) == len(self.everything):
            ranges = self._following_everything
        else:
            ranges = self._search_within(self.left[group], self.reach[group])
        return self._above(group, group, *ranges)

    def between(self, one: ndarray, other: ndarray) -> tuple[ndarray, ndarray]:
        """Positions i in one group and j in the other (E,) of each overlapping pair, once."""
        left, other_left = self.left[one], self.left[other]
        i, j, _ = self._above(one, other, np.searchsorted(other_left, left),
                              np.searchsorted(other_left, self.reach[one], side='right'))
        j_too, i_too, _ = self._above(other, one, np.searchsorted(left, other_left, side='right'),
                                      np.searchsorted(left, self.reach[other], side='right'))
        return np.concatenate([i, i_too]), np.concatenate([j, j_too])

    @staticmethod
    def _search_within(left: ndarray, reach: ndarray) -> tuple[ndarray, ndarray]:
        """For each box the range of later ones whose left edge it reaches."""
        starts = np.arange(1, len(left) + 1)
        return starts, np.maximum(starts, np.searchsorted(left, reach, side='right'))

    def _above(self, one: ndarray, other: ndarray, starts: ndarray,
               ends: ndarray) -> tuple[ndarray, ndarray, ndarray]:
        """Overlapping pairs among i and ``starts[i] <= j < ends[i]``."""
        found = []
        counts = np.maximum(ends - starts, 0)
        for portion in portions(counts, PAIRS_AT_ONCE):
            count = counts[portion]
            first = count.cumsum() - count
            j = np.arange(count.sum()) + np.repeat(starts[portion] - first, count)
            iou = self._iou(one[portion], count, other[j])
            above = np.flatnonzero(iou > self.threshold)
            i = np.repeat(np.arange(portion.start, portion.start + len(count)), count)
            found.append([part[above] for part in (i, j, iou)])
        i, j, iou = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return i, j, iou

    def _iou(self, i: ndarray, count: ndarray, j: ndarray) -> ndarray:
        """(E,) IoU by the arithmetic of mmcv's operator.

        ``count`` (n,) pairs have a position in ``i`` (n,), and ``j`` (E,), no further left, is
        the other.
        """
        width = np.minimum(np.repeat(self.right[i], count), self.right[j]) - self.left[j]
        height = (np.minimum(np.repeat(self.bottom[i], count), self.bottom[j]) -
                  np.maximum(np.repeat(self.top[i], count), self.top[j]))
        shared = (np.maximum(width + self.offset, 0) * np.maximum(height + self.offset, 0))
        with np.errstate(divide='ignore', invalid='ignore'):
            return shared / (np.repeat(self.area[i], count) + self.area[j] - shared)
