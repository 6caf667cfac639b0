"""The cells a box may claim on each level, in closed form (paper, Sec. 3.1 and 3.2).

The conditions of the assignment hold on x and y apart from each other. Inside
the box, below the upper bound m_i and within the center-sampling radius is a
rectangle of cells, the window; below the lower bound m_{i-1} is a smaller one
inside it, taken out: the hole. Both follow from the box alone, so no location
has to be asked about a box.
"""
from functools import lru_cache
from typing import Callable, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor

from fcos_mm.models.locations import Locations

BOUNDS = ('inclusive', 'strict')
Ranges = Sequence[Tuple[float, float]]


class Windows(NamedTuple):
    """For N boxes on L levels the cells they claim: in the window, not in the hole.

    (2, L, N) int32 each, columns first, then rows. Ends are exclusive. Nothing
    is claimed where an end is not above its begin. The hole lies in the window.
    """
    begin: Tensor
    end: Tensor
    hole_begin: Tensor
    hole_end: Tensor


class Axes(NamedTuple):
    """Both axes of every level: stride, first location, number of cells, (2, L, N) each."""
    stride: Tensor
    origin: Tensor
    cells: Tensor

    def at(self, cell: Tensor) -> Tensor:
        """Return the image coordinate of cells (2, L, N)."""
        return self.origin + cell * self.stride


def windows(locations: Locations, boxes: Tensor, *, regress_ranges: Ranges, bounds: str,
            radius: Optional[float]) -> Windows:
    """Find the windows of boxes on every level.

    Args:
        locations: The locations of L levels.
        boxes: (N, 4).
        regress_ranges: (lower, upper) bound of each level.
        bounds: ``'inclusive'`` or ``'strict'``.
        radius: Center-sampling radius in strides, or None.
    """
    stride, origin, columns, rows, _ = locations.levels[:, :, None].unbind(1)  # (L, 1) each
    low, high = range_bounds(tuple(regress_ranges), boxes.device)  # (L, 1) each
    near, far = boxes.t().reshape(2, 2, 1, -1).unbind(0)  # (2, 1, N) each
    # Written out in full: what follows is quick on contiguous tensors only.
    shape = (2, len(stride), len(boxes))
    near, far, low, high, stride, origin, cells = (
        part.expand(shape).contiguous()
        for part in (near, far, low, high, stride, origin, torch.stack([columns, rows])))
    axes = Axes(stride, origin, cells)
    begin, end = _window(near, far, axes, high, bounds, radius)
    hole_begin, hole_end = _hole(near, far, axes, low, bounds)
    hole_begin = torch.maximum(hole_begin, begin)
    hole_end = torch.minimum(hole_end, end)
    return Windows(begin.int(), end.int(), hole_begin.int(), hole_end.int())


@lru_cache(maxsize=64)
@torch.inference_mode(False)
def range_bounds(ranges: Ranges, device: torch.device) -> Tuple[Tensor, Tensor]:
    """Return the lower and the upper bounds, (L, 1) each."""
    return torch.tensor(ranges, dtype=torch.float32).to(device)[:, :, None].unbind(1)


def window_sizes(locations: Locations, ranges: Ranges,
                 radius: Optional[float]) -> Tuple[Tuple[int, int], ...]:
    """Return the most rows and columns that a window can have on each level."""
    sizes = []
    for (rows, columns), stride, (_, high) in zip(locations.sizes, locations.level_strides, ranges):
        reach = high if radius is None else min(high, radius * stride)
        side = int(min(2 * reach / stride, max(rows, columns))) + 1  # inf becomes the map's side
        sizes.append((min(rows, side), min(columns, side)))
    return tuple(sizes)


def _window(near: Tensor, far: Tensor, axes: Axes, high: Tensor, bounds: str,
            radius: Optional[float]) -> Tuple[Tensor, Tensor]:
    """Cells strictly inside, within the upper bound and near the center."""
    within = torch.le if bounds == 'inclusive' else torch.lt
    inner_near, inner_far = near, far
    if radius is not None:
        center = (near + far) / 2
        inner_near = torch.maximum(near, center - axes.stride * radius)
        inner_far = torch.minimum(far, center + axes.stride * radius)
    return _exact(
        torch.maximum(inner_near, far - high), torch.minimum(inner_far, near + high), axes,
        lambda point: (point > inner_near) & within(far - point, high),
        lambda point: (point < inner_far) & within(point - near, high))


def _hole(near: Tensor, far: Tensor, axes: Axes, low: Tensor,
          bounds: str) -> Tuple[Tensor, Tensor]:
    """Cells whose two distances along an axis are below the lower bound."""
    below = torch.lt if bounds == 'inclusive' else torch.le
    return _exact(far - low, near + low, axes,
                  lambda point: below(far - point, low),
                  lambda point: below(point - near, low))


def _exact(near: Tensor, far: Tensor, axes: Axes, after_near: Callable[[Tensor], Tensor],
           before_far: Callable[[Tensor], Tensor]) -> Tuple[Tensor, Tensor]:
    """Return begin and end of the cells between two coordinates that meet both conditions.

    The division only gives a first guess, never too narrow and at most two
    cells too wide; the conditions themselves decide, so that rounding cannot
    move an edge.
    """
    first = _guess(torch.floor((near - axes.origin) / axes.stride), axes)
    last = _guess(torch.ceil((far - axes.origin) / axes.stride), axes)
    for _ in range(2):
        first = first + (~after_near(axes.at(first))).float()
        last = last - (~before_far(axes.at(last))).float()
    return first.clamp_(min=0), torch.minimum(last + 1, axes.cells)


def _guess(cell: Tensor, axes: Axes) -> Tensor:
    return torch.minimum(cell.nan_to_num_(nan=0.).clamp_(min=-1), axes.cells)
