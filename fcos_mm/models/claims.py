"""Of the boxes that may claim a location the smallest wins (paper, Sec. 3.1).

Two ways to the same answer. A CPU paints the windows of the boxes onto the
feature maps, the largest box first. An accelerator lists every cell that any
window could have, in tensors whose sizes do not depend on the boxes, and
scatters the lowest rank into each.
"""
from typing import Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from fcos_mm.models.locations import Locations
from fcos_mm.models.windows import Windows


def lowest_rank(windows: Windows, locations: Locations, *, images: int,
                sizes: Sequence[Tuple[int, int]]) -> Tensor:
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


def painted(windows: Windows, locations: Locations, *, images: int) -> Tensor:
    """Do as :func:`lowest_rank`, window by window."""
    edges = torch.stack(windows).numpy()  # (4, 2, L, N)
    ranks = edges.shape[-1] // images
    canvas = np.full((images, sum(locations.counts)), ranks, dtype=np.int32)
    begin, end, hole_begin, hole_end = edges
    all_hole = ((hole_begin <= begin) & (hole_end >= end)).all(0)
    claimed = (end > begin).all(0) & ~all_hole  # (L, N)
    first = 0
    for level, (rows, columns) in enumerate(locations.sizes):
        maps = canvas[:, first:first + rows * columns].reshape(images, rows, columns)
        first += rows * columns
        used = np.flatnonzero(claimed[level])
        used = used[np.argsort(-(used % ranks), kind='stable')]  # the largest box first
        for box, window in zip(used.tolist(), edges[:, :, level, used].T.tolist()):
            image, rank = divmod(box, ranks)
            _paint(maps[image], rank, *window)
    return torch.from_numpy(canvas)


def _paint(cells: np.ndarray, rank: int, columns: list, rows: list) -> None:
    """Write the rank into the cells of a window, not into its hole.

    Args:
        cells: (rows, columns) of a level.
        rank: What is written.
        columns: Begin, end, begin of the hole, end of the hole.
        rows: The same.
    """
    left, right, hole_left, hole_right = columns
    top, bottom, hole_top, hole_bottom = rows
    if hole_left >= hole_right or hole_top >= hole_bottom:
        cells[top:bottom, left:right] = rank
        return
    cells[top:hole_top, left:right] = rank
    cells[hole_bottom:bottom, left:right] = rank
    cells[hole_top:hole_bottom, left:hole_left] = rank
    cells[hole_top:hole_bottom, hole_right:right] = rank


def scattered(windows: Windows, locations: Locations, *, images: int,
              sizes: Sequence[Tuple[int, int]]) -> Tensor:
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


def _cells(windows: Windows, level: int, size: Tuple[int, int], locations: Locations, *,
           axis: int) -> Tuple[Tensor, Tensor, Tensor]:
    """Return (N, K): cells along an axis, and whether in the window and in the hole.

    Cells beyond the window are named too, as some cell of the map.
    """
    begin, end, hole_begin, hole_end = (part[axis, level, :, None] for part in windows)
    cell = begin + torch.arange(size[1 - axis], device=begin.device)
    last = locations.sizes[level][1 - axis] - 1
    return cell.clamp(max=last), cell < end, (cell >= hole_begin) & (cell < hole_end)
