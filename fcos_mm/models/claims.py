"""Of the boxes that may claim a location the smallest wins (paper, Sec. 3.1).

Two ways to the same answer. A CPU lists the cells that are claimed and paints
the ranks onto the feature maps, those of the largest boxes first. An accelerator
lists every cell that any window could have, in tensors whose sizes do not depend
on the boxes, and scatters the lowest rank into each.
"""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fcos_mm.models.locations import Locations
from fcos_mm.models.windows import Windows


def lowest_rank(windows: Windows, locations: Locations, *, images: int,
                sizes: Sequence[tuple[int, int]]) -> Tensor:
    """Return which of the boxes that claim a location comes first in its image.

    Args:
        windows: Windows of N = images * G boxes, in each image by rank.
        locations: The P locations.
        images: Number of images B.
        sizes: Rows and columns that a window has at most on each level.

    Returns:
        (B, P) int32 rank, G where no box claims the location.
    """
    if locations.points.device.type == 'cpu':
        return painted(windows, locations, images=images)
    return scattered(windows, locations, images=images, sizes=sizes)


class Runs(NamedTuple):
    """R runs of neighbouring cells in a row of a map, each claimed by one box.

    In each image those of the boxes of the highest rank come first.

    Attributes:
        rank: (R,) rank of the box in its image.
        start: (R,) address of the first cell: image * P + location.
        count: (R,) cells.
    """
    rank: np.ndarray
    start: np.ndarray
    count: np.ndarray

    def addresses(self) -> np.ndarray:
        """Return the address of every cell, run after run."""
        before = self.count.cumsum() - self.count
        return np.arange(self.count.sum()) + np.repeat(self.start - before, self.count)


def painted(windows: Windows, locations: Locations, *, images: int) -> Tensor:
    """Do as :func:`lowest_rank`, over the claimed cells only."""
    ranks, num_locations = windows.begin.size(2) // images, sum(locations.counts)
    canvas = np.full(images * num_locations, ranks, dtype=np.int32)
    runs = claimed_runs(windows, locations, images=images)
    canvas[runs.addresses()] = np.repeat(runs.rank, runs.count)  # the last one stays
    return torch.from_numpy(canvas.reshape(images, num_locations))


def claimed_runs(windows: Windows, locations: Locations, *, images: int) -> Runs:
    """List every cell that a box claims.

    Args:
        windows: Windows of N = images * G boxes, in each image by rank.
        locations: The P locations, on the CPU.
        images: Number of images B.
    """
    edges = torch.stack(windows).numpy()  # (4, 2, L, N)
    ranks, num_locations = edges.shape[-1] // images, sum(locations.counts)
    begin, end, hole_begin, hole_end = edges
    all_hole = ((hole_begin <= begin) & (hole_end >= end)).all(0)
    claimed = (end > begin).all(0) & ~all_hole  # (L, N)
    from_last, level = claimed.T[::-1].nonzero()  # (K,) each
    box = claimed.shape[1] - 1 - from_last
    image, rank = np.divmod(box, ranks)
    _, _, columns, _, first = locations.levels.numpy().astype(np.int64).T  # (L,) each
    base = image * num_locations + first[level]
    window, start, count = _runs(edges[:, :, level, box], base, columns[level])
    return Runs(rank[window], start, count)


def _runs(edges: np.ndarray, base: np.ndarray,
          columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut K windows into rows, and a row that meets the hole into what is left and right of it.

    Args:
        edges: (4, 2, K) begin, end, begin and end of the hole, of columns and of rows.
        base: (K,) address of the first cell of the window's map.
        columns: (K,) of the map.

    Returns:
        (R,) each: the window of a run of cells, the address of its first cell,
        its length.
    """
    (left, top), (right, bottom), (hole_left, hole_top), (hole_right, hole_bottom) = edges
    height = bottom - top
    window = np.repeat(np.arange(len(height)), height)  # (rows,)
    row = np.arange(len(window)) + (top - (height.cumsum() - height))[window]
    left, right, hole_left, hole_right, hole_top, hole_bottom = (
        part[window] for part in (left, right, hole_left, hole_right, hole_top, hole_bottom))
    meets = (row >= hole_top) & (row < hole_bottom) & (hole_left < hole_right)
    begin = np.stack([left, np.where(meets, hole_right, right)], axis=1)  # (rows, 2)
    end = np.stack([np.where(meets, hole_left, right), right], axis=1)
    start = (base[window] + row * columns[window])[:, None] + begin
    return np.repeat(window, 2), start.ravel(), (end - begin).ravel()


def scattered(windows: Windows, locations: Locations, *, images: int,
              sizes: Sequence[tuple[int, int]]) -> Tensor:
    """Do as :func:`lowest_rank`, all cells at once, with nothing read back."""
    boxes, device = windows.begin.size(2), windows.begin.device
    ranks, num_locations = boxes // images, sum(locations.counts)
    box = torch.arange(boxes, device=device)
    rank = (box % ranks).int()[:, None, None]  # (N, 1, 1)
    base = torch.div(box, ranks, rounding_mode='floor')[:, None] * num_locations  # (N, 1)
    lowest = torch.full((images * num_locations, ), ranks, dtype=torch.int32, device=device)
    for level, size in enumerate(sizes):
        row, row_claimed, row_in_hole = _cells(windows, level, size, locations, axis=1)
        column, column_claimed, column_in_hole = _cells(windows, level, size, locations, axis=0)
        in_hole = row_in_hole[:, :, None] & column_in_hole[:, None]  # (N, rows, columns)
        claimed = row_claimed[:, :, None] & column_claimed[:, None] & ~in_hole
        row_address = base + row * locations.sizes[level][1]  # (N, rows)
        address = row_address[:, :, None] + column[:, None]  # (N, rows, columns)
        lowest.scatter_reduce_(
            0, address.flatten(), torch.where(claimed, rank, ranks).flatten(), 'amin')
        base = base + locations.counts[level]
    return lowest.view(images, num_locations)


def _cells(windows: Windows, level: int, size: tuple[int, int], locations: Locations, *,
           axis: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return (N, K): cells along an axis, and whether in the window and in the hole.

    Cells beyond the window are named too, as some cell of the map.
    """
    begin, end, hole_begin, hole_end = (part[axis, level, :, None] for part in windows)
    cell = begin + torch.arange(size[1 - axis], device=begin.device)
    last = locations.sizes[level][1 - axis] - 1
    return cell.clamp(max=last), cell < end, (cell >= hole_begin) & (cell < hole_end)
