"""The rule of :mod:`fcos_mm.models.assigner` in closed form, bit for bit.

The conditions hold on x and on y apart from each other. Inside the box, below the
upper bound m_i and within the center-sampling radius is a rectangle of cells, the
window; below the lower bound m_{i-1} is a smaller one, taken out: the hole. Both
follow from the box alone, so no location has to be asked about a box.

The first of the boxes that claim a cell wins it. A CPU lists the claimed cells and
paints the ranks of their boxes, the first box last. An accelerator lists every cell
that a window could have, in tensors whose sizes do not depend on the boxes, and
scatters the lowest rank into each, so that nothing is read back.
"""
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fcos_mm.models.locations import Level, Locations, mirrored
from fcos_mm.models.structures import Conditions


def lowest_rank(locations: Locations, boxes: Tensor, conditions: Conditions) -> Tensor:
    """Return which of the boxes that claim a location comes first in its image.

    Args:
        locations: The P locations.
        boxes: (B, G, 4) by rank; one that is not finite claims nothing.
        conditions: What a location must meet.

    Returns:
        (B, P) int32 rank, G where no box claims the location.
    """
    claimed = windows(locations, boxes.flatten(0, 1), conditions)
    if boxes.device.type == 'cpu':
        return painted(claimed, locations, images=len(boxes))
    return scattered(claimed, locations, images=len(boxes),
                     sizes=window_sizes(locations, conditions))


def claimed_cells(locations: Locations, boxes: Tensor,
                  conditions: Conditions) -> tuple[Tensor, Tensor]:
    """List all M claims: (M,) image * P + location, and (M,) index of the box in its image.

    Locations and boxes (B, G, 4) are on the CPU.
    """
    claimed = windows(locations, boxes.flatten(0, 1), conditions)
    address, rank = _cells_and_ranks(claimed, locations, images=len(boxes))
    return torch.from_numpy(address), torch.from_numpy(rank)


def claim_counts(locations: Locations, boxes: Tensor, conditions: Conditions) -> Tensor:
    """Count the cells of each level that boxes (N, 4) claim, whoever wins them: (L, N)."""
    begin, end, hole_begin, hole_end = windows(locations, boxes, conditions)
    whole, hole = ((last - first).clamp(min=0).prod(0) for first, last in
                   ((begin, end), (hole_begin, hole_end)))
    return whole - hole


class Windows(NamedTuple):
    """The cells that N boxes claim on L levels: in the window, not in the hole inside it.

    (2, L, N) int32 each, columns first, then rows. Ends are exclusive; nothing
    is claimed where an end is not above its begin.
    """
    begin: Tensor
    end: Tensor
    hole_begin: Tensor
    hole_end: Tensor


class Axes(NamedTuple):
    """The axes x and y of L levels, seen from either end: the far end as -x and -y."""
    stride: Tensor  # (L, 1)
    step: Tensor  # (2, L, 1) pixels from cell to cell, along x and y
    cells: Tensor  # (2, L, 1) columns and rows
    first: Tensor  # (2 ends, 2 axes, L, 1) coordinate of the first location
    farthest: Tensor  # (2, 1, 1, L, 1) how far a side may be, in the window and in the hole


def windows(locations: Locations, boxes: Tensor, conditions: Conditions) -> Windows:
    """Find the windows of boxes (N, 4) on every level."""
    axes = _axes(locations.levels, conditions.regress_ranges, conditions.range_bounds,
                 boxes.device)
    side = mirrored(boxes).t().reshape(2, 2, 1, -1)  # (2 ends, 2 axes, 1, N)
    opposite = -side.flip(0)
    inside = side
    if conditions.center_radius is not None:
        reach = axes.stride * conditions.center_radius
        inside = torch.maximum(side, (side + opposite) / 2 - reach)  # (2, 2, L, N)
    # Written out in full: what follows is quick on contiguous tensors only.
    shape = (2, 2, 2, len(axes.stride), len(boxes))  # window and hole, either end, x and y
    skipped = _skipped(*(part.expand(shape).contiguous() for part in (
        inside, opposite, axes.farthest, axes.first, axes.step, axes.cells)))
    begin, from_end = skipped.unbind(1)
    begin, end = begin.int(), (axes.cells - from_end).int()  # (2, 2, L, N) each
    return Windows(begin[0], end[0], begin[1], end[1])


@lru_cache(maxsize=256)
@torch.inference_mode(False)
def _axes(levels: tuple[Level, ...], ranges: tuple, bounds: str, device: torch.device) -> Axes:
    stride, origin, rows, columns, _, *steps = torch.tensor(levels).float().unbind(1)  # (L,)
    cells = torch.stack([columns, rows])  # (2, L)
    step = torch.stack(steps[::-1])  # (2, L)
    last = origin + (cells - 1) * step
    low, high = torch.tensor(ranges, dtype=torch.float32).unbind(1)
    # Where a bound itself is out, the next number below it is the limit.
    if bounds == 'inclusive':
        low = low.nextafter(torch.tensor(-torch.inf))
    else:
        high = high.nextafter(torch.tensor(-torch.inf))
    parts = (stride, step, cells, torch.stack([origin.expand(2, -1), -last]),
             torch.stack([high, low])[:, None, None])
    return Axes(*(part[..., None].to(device) for part in parts))


def _skipped(inside: Tensor, opposite: Tensor, farthest: Tensor, first: Tensor, step: Tensor,
             cells: Tensor) -> Tensor:
    """Count the cells from an end of the axis to the first that lies inside and near enough.

    Such a cell is above ``inside``, and ``opposite``, the other side of the box,
    is at most ``farthest`` away. The division only gives a first guess, never too
    many and at most two too few; the conditions themselves decide, so that
    rounding cannot move an edge. All tensors are of one shape.
    """
    passed = torch.maximum(inside, opposite - farthest)
    cell = ((passed - first) / step).floor_().nan_to_num_(nan=torch.inf).clamp_(min=-1)
    cell = torch.minimum(cell, cells)
    for _ in range(2):
        point = first + cell * step
        claimed = (point > inside) & (opposite - point <= farthest)
        cell = cell + (~claimed).float()
    return cell.clamp_(min=0)


def painted(claimed: Windows, locations: Locations, *, images: int) -> Tensor:
    """Paint the claimed cells, the first box last; returns as :func:`lowest_rank`."""
    ranks, num_locations = claimed.begin.size(2) // images, len(locations.points)
    canvas = np.full(images * num_locations, ranks, dtype=np.int32)
    address, rank = _cells_and_ranks(claimed, locations, images=images)
    canvas[address] = rank  # the last one stays
    return torch.from_numpy(canvas.reshape(images, num_locations))


def _cells_and_ranks(claimed: Windows, locations: Locations, *,
                     images: int) -> tuple[np.ndarray, np.ndarray]:
    """List all M claims of N = images * G boxes, in each image the highest rank first.

    Returns (M,) address of the cell, image * P + location, and (M,) rank of the box.
    """
    edges = torch.stack(claimed).numpy()  # (4, 2, L, N)
    begin, end, hole_begin, hole_end = edges
    all_hole = ((hole_begin <= begin) & (hole_end >= end)).all(0)
    some = (end > begin).all(0) & ~all_hole  # (L, N)
    from_last, level = some.T[::-1].nonzero()  # (K,) each
    box = some.shape[1] - 1 - from_last
    image, rank = np.divmod(box, some.shape[1] // images)
    first = np.array([each.first for each in locations.levels])[level]  # (K,)
    columns = np.array([each.columns for each in locations.levels])[level]
    window, start, count = _rows(edges[:, :, level, box], columns,
                                 image * len(locations.points) + first)
    before = count.cumsum() - count
    address = np.arange(count.sum()) + np.repeat(start - before, count)
    return address, np.repeat(rank[window], count)


def _rows(edges: np.ndarray, columns: np.ndarray,
          base: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut K windows into rows, and a row that meets the hole into what is left and right of it.

    Args:
        edges: (4, 2, K) the windows' begin, end, hole begin and hole end.
        columns: (K,) of the window's map.
        base: (K,) address of the first cell of that map.

    Returns:
        (R,) each: window, address of the first cell and length of a run of cells.
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


def window_sizes(locations: Locations, conditions: Conditions) -> list[tuple[int, int]]:
    """Return the most rows and columns that a window can have on each level."""
    sizes = []
    for level, (_, high) in zip(locations.levels, conditions.regress_ranges):
        reach = high
        if conditions.center_radius is not None:
            reach = min(high, conditions.center_radius * level.stride)
        # An infinite reach becomes the map's longer side.
        step = min(level.row_step, level.column_step)
        side = int(min(2 * reach / step, max(level.rows, level.columns))) + 1
        sizes.append((min(level.rows, side), min(level.columns, side)))
    return sizes


def scattered(claimed: Windows, locations: Locations, *, images: int,
              sizes: Sequence[tuple[int, int]]) -> Tensor:
    """Scatter all cells at once, nothing is read back; returns as :func:`lowest_rank`."""
    boxes, device = claimed.begin.size(2), claimed.begin.device
    ranks, num_locations = boxes // images, len(locations.points)
    box = torch.arange(boxes, device=device)
    rank = (box % ranks).int()[:, None, None]  # (N, 1, 1)
    image = torch.div(box, ranks, rounding_mode='floor')[:, None]  # (N, 1)
    lowest = torch.full((images * num_locations, ), ranks, dtype=torch.int32, device=device)
    for index, (level, (height, width)) in enumerate(zip(locations.levels, sizes)):
        columns, rows = (Windows(*edges) for edges in zip(*(part[:, index] for part in claimed)))
        row, row_claimed, row_in_hole = _cells(rows, height, level.rows)
        column, column_claimed, column_in_hole = _cells(columns, width, level.columns)
        in_hole = row_in_hole[:, :, None] & column_in_hole[:, None]  # (N, rows, columns)
        claims = row_claimed[:, :, None] & column_claimed[:, None] & ~in_hole
        row_address = image * num_locations + level.first + row * level.columns  # (N, rows)
        address = row_address[:, :, None] + column[:, None]  # (N, rows, columns)
        lowest.scatter_reduce_(
            0, address.flatten(), torch.where(claims, rank, ranks).flatten(), 'amin')
    return lowest.view(images, num_locations)


def _cells(axis: Windows, size: int, cells: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return (N, size): cells along an axis, and whether in the window and in the hole.

    Cells beyond the window are named too, as some cell of the ``cells`` of the map.
    """
    begin, end, hole_begin, hole_end = (edge[:, None] for edge in axis)
    cell = begin + torch.arange(size, device=begin.device)
    return cell.clamp(max=cells - 1), cell < end, (cell >= hole_begin) & (cell < hole_end)
