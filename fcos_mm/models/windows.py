"""The cells a box may claim on each level, in closed form (paper, Sec. 3.1 and 3.2).

The conditions of the assignment hold on x and y apart from each other. Inside
the box, below the upper bound m_i and within the center-sampling radius is a
rectangle of cells, the window; below the lower bound m_{i-1} is a smaller one
inside it, taken out: the hole. Both follow from the box alone, so no location
has to be asked about a box.
"""
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from fcos_mm.models.locations import Locations, mirrored

BOUNDS = ('inclusive', 'strict')
Ranges = Sequence[tuple[float, float]]


class Windows(NamedTuple):
    """For N boxes on L levels the cells they claim: in the window, not in the hole.

    (2, L, N) int32 each, columns first, then rows. Ends are exclusive. Nothing
    is claimed where an end is not above its begin. The hole lies in the window.
    """
    begin: Tensor
    end: Tensor
    hole_begin: Tensor
    hole_end: Tensor


def windows(locations: Locations, boxes: Tensor, *, regress_ranges: Ranges, bounds: str,
            radius: float | None) -> Windows:
    """Find the windows of boxes on every level.

    Args:
        locations: The locations of L levels.
        boxes: (N, 4). One that is not finite claims nothing.
        regress_ranges: (lower, upper) bound of each level.
        bounds: ``'inclusive'`` or ``'strict'``.
        radius: Center-sampling radius in strides, or None.
    """
    stride = locations.levels[:, :1]  # (L, 1)
    cells = locations.levels[:, 2:4].t()[..., None]  # (2, L, 1)
    side = mirrored(boxes).t().reshape(2, 2, 1, -1)  # (2 ends, 2 axes, 1, N)
    opposite = -side.flip(0)
    inside = side
    if radius is not None:
        inside = torch.maximum(side, (side + opposite) / 2 - stride * radius)  # (2, 2, L, N)
    farthest = farthest_sides(tuple(regress_ranges), bounds, boxes.device)
    # Written out in full: what follows is quick on contiguous tensors only.
    shape = (2, 2, 2, len(stride), len(boxes))  # window and hole, either end, x and y
    skipped = _skipped(*(part.expand(shape).contiguous() for part in (
        inside, opposite, farthest, locations.ends[..., None], stride, cells)))
    begin, from_end = skipped.unbind(1)
    begin, end = begin.int(), (cells - from_end).int()  # (2, 2, L, N) each
    return Windows(begin[0], end[0], begin[1], end[1])


@lru_cache(maxsize=64)
@torch.inference_mode(False)
def farthest_sides(ranges: Ranges, bounds: str, device: torch.device) -> Tensor:
    """Return (2, 1, 1, L, 1): how far a side may be in the window, and in the hole.

    Where a bound itself is out, the next number below it is the limit.
    """
    low, high = torch.tensor(ranges, dtype=torch.float32).unbind(1)  # (L,) each
    if bounds == 'inclusive':
        low = low.nextafter(torch.tensor(-torch.inf))
    else:
        high = high.nextafter(torch.tensor(-torch.inf))
    return torch.stack([high, low])[:, None, None, :, None].to(device)


def window_sizes(locations: Locations, ranges: Ranges,
                 radius: float | None) -> tuple[tuple[int, int], ...]:
    """Return the most rows and columns that a window can have on each level."""
    sizes = []
    for (rows, columns), stride, (_, high) in zip(locations.sizes, locations.level_strides, ranges):
        reach = high if radius is None else min(high, radius * stride)
        side = int(min(2 * reach / stride, max(rows, columns))) + 1  # inf becomes the map's side
        sizes.append((min(rows, side), min(columns, side)))
    return tuple(sizes)


def _skipped(inside: Tensor, opposite: Tensor, farthest: Tensor, first: Tensor, stride: Tensor,
             cells: Tensor) -> Tensor:
    """Return how many cells are skipped from an end, until one lies inside and near enough.

    The far end of an axis is the near end of the mirrored axis. The division
    only gives a first guess, never too many and at most two too few; the
    conditions themselves decide, so that rounding cannot move an edge.

    Args:
        inside: Coordinate that must be passed; all tensors are of one shape.
        opposite: Coordinate of the opposite side of the box.
        farthest: How far that side may be.
        first: Coordinate of the first cell.
        stride: From cell to cell.
        cells: Their number.
    """
    passed = torch.maximum(inside, opposite - farthest)
    cell = ((passed - first) / stride).floor_().nan_to_num_(nan=torch.inf).clamp_(min=-1)
    cell = torch.minimum(cell, cells)
    for _ in range(2):
        point = first + cell * stride
        claimed = (point > inside) & (opposite - point <= farthest)
        cell = cell + (~claimed).float()
    return cell.clamp_(min=0)
