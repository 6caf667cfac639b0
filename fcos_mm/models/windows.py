"""The cells a box may claim on each level, in closed form.

The conditions of the assignment hold on x and y apart from each other. Inside
the box, below the upper bound m_i and within the center-sampling radius is a
rectangle of cells; below the lower bound m_{i-1} is a smaller one inside it,
taken out: the hole. Both follow from the box alone, so the cells between them
can be listed without asking every location about every box.
"""
from functools import lru_cache
from typing import Callable, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor

from fcos_mm.models.locations import Locations

BOUNDS = ('inclusive', 'strict')
Ranges = Sequence[Tuple[float, float]]


class Span(NamedTuple):
    """First and last cell along one axis, (L, N) each; none where last < first."""
    first: Tensor
    last: Tensor

    @property
    def length(self) -> Tensor:
        """(L, N) number of cells."""
        return (self.last - self.first + 1).clamp(min=0)


class Windows(NamedTuple):
    """For N boxes on L levels the cells they claim: in the window, not in the hole.

    Attributes:
        columns, rows: Spans of the window.
        hole_columns, hole_rows: Spans of the cells below the lower bound.
        capacity: No fewer than the cells of all windows together, known
            without asking the device.
    """
    columns: Span
    rows: Span
    hole_columns: Span
    hole_rows: Span
    capacity: int


class Axis(NamedTuple):
    """One axis of every level: (L, 1) stride, first location, number of cells."""
    stride: Tensor
    origin: Tensor
    cells: Tensor

    def at(self, cell: Tensor) -> Tensor:
        """Return the image coordinate of cells (L, N)."""
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
    low, high = range_bounds(tuple(regress_ranges), boxes.device)
    x0, y0, x1, y1 = boxes.unbind(1)  # (N,) each
    spans = []
    for begin, end, axis in ((x0, x1, Axis(stride, origin, columns)),
                             (y0, y1, Axis(stride, origin, rows))):
        spans.append(_window_span(begin, end, axis, high, bounds, radius))
        spans.append(_hole_span(begin, end, axis, low, bounds))
    window_columns, hole_columns, window_rows, hole_rows = spans
    if boxes.device.type == 'cpu':
        capacity = int((window_columns.length * window_rows.length).numpy().sum())
    else:
        capacity = len(boxes) * largest_windows(locations, regress_ranges, radius)
    return Windows(window_columns, window_rows, hole_columns, hole_rows, capacity)


@lru_cache(maxsize=64)
@torch.inference_mode(False)
def range_bounds(ranges: Ranges, device: torch.device) -> Tuple[Tensor, Tensor]:
    """Return the lower and the upper bounds, (L, 1) each."""
    return torch.tensor(ranges, dtype=torch.float32).to(device)[:, :, None].unbind(1)


def largest_windows(locations: Locations, ranges: Ranges, radius: Optional[float]) -> int:
    """Return how many cells one box can have on all levels at most."""
    total = 0
    for (rows, columns), stride, (_, high) in zip(locations.sizes, locations.level_strides, ranges):
        reach = high if radius is None else min(high, radius * stride)
        side = min(2 * reach / stride, max(rows, columns)) + 1  # inf becomes the map's side
        total += min(rows, int(side)) * min(columns, int(side))
    return total


def _window_span(begin: Tensor, end: Tensor, axis: Axis, high: Tensor, bounds: str,
                 radius: Optional[float]) -> Span:
    """Cells strictly inside, within the upper bound and near the center."""
    within = torch.le if bounds == 'inclusive' else torch.lt
    near, far = begin.expand_as(high * begin), end.expand_as(high * end)  # (L, N)
    if radius is not None:
        center = (begin + end) / 2
        near = torch.maximum(near, center - axis.stride * radius)
        far = torch.minimum(far, center + axis.stride * radius)
    return _exact_span(
        torch.maximum(near, end - high), torch.minimum(far, begin + high), axis,
        lambda point: (point - near > 0) & within(end - point, high),
        lambda point: (far - point > 0) & within(point - begin, high))


def _hole_span(begin: Tensor, end: Tensor, axis: Axis, low: Tensor, bounds: str) -> Span:
    """Cells whose two distances along this axis are below the lower bound."""
    below = torch.lt if bounds == 'inclusive' else torch.le
    return _exact_span(end - low, begin + low, axis,
                       lambda point: below(end - point, low),
                       lambda point: below(point - begin, low))


def _exact_span(near: Tensor, far: Tensor, axis: Axis, after_near: Callable[[Tensor], Tensor],
                before_far: Callable[[Tensor], Tensor]) -> Span:
    """Return the cells between two coordinates that meet both conditions.

    The division only gives a first guess, never too narrow and at most two
    cells too wide; the conditions themselves decide, so that rounding cannot
    move an edge.
    """
    first = _guess(torch.floor((near - axis.origin) / axis.stride), axis)
    last = _guess(torch.ceil((far - axis.origin) / axis.stride), axis)
    for _ in range(2):
        first = first + (~after_near(axis.at(first))).float()
        last = last - (~before_far(axis.at(last))).float()
    last = torch.minimum(last, axis.cells - 1)
    return Span(first.clamp(min=0).long(), last.long())


def _guess(cell: Tensor, axis: Axis) -> Tensor:
    return torch.minimum(cell.nan_to_num(nan=0.).clamp(min=-1), axis.cells)


def lowest_rank(claimed: Windows, locations: Locations, *, images: int) -> Tensor:
    """Return which of the boxes that claim a location comes first in its image.

    Args:
        claimed: Windows of N = images * G boxes, in each image by rank.
        locations: The P locations.
        images: Number of images B.

    Returns:
        (B, P) rank, G where no box claims the location.
    """
    columns, rows = claimed.columns, claimed.rows
    levels, boxes = columns.first.shape
    ranks, num_locations = boxes // images, sum(locations.counts)
    counts = (columns.length * rows.length).flatten()  # (L * N,)
    ends = counts.cumsum(0)
    # One more owner takes what the capacity has to spare.
    spare = (claimed.capacity - ends[-1:])
    window = torch.arange(levels * boxes + 1, device=counts.device).repeat_interleave(
        torch.cat([counts, spare]), output_size=claimed.capacity)  # (K,)
    real = window < levels * boxes
    window = window.clamp(max=levels * boxes - 1)
    table = torch.stack([t.flatten() for t in (
        ends.view(levels, boxes) - counts.view(levels, boxes), columns.length.clamp(min=1),
        columns.first, rows.first, claimed.hole_columns.first, claimed.hole_columns.last,
        claimed.hole_rows.first, claimed.hole_rows.last, *_addresses(locations, images, ranks))])
    (start, width, column, row, hole_left, hole_right, hole_top, hole_bottom, map_width, base,
     rank) = table.index_select(1, window)  # (K,) each
    cell = torch.arange(claimed.capacity, device=counts.device) - start
    row = row + torch.div(cell, width, rounding_mode='floor')
    column = column + cell % width
    in_hole = ((column >= hole_left) & (column <= hole_right) & (row >= hole_top)
               & (row <= hole_bottom))
    address = torch.where(real, base + row * map_width + column, 0)
    rank = torch.where(real & ~in_hole, rank, ranks)
    lowest = torch.full((images * num_locations, ), ranks, device=rank.device)
    return lowest.scatter_reduce_(0, address, rank, 'amin').view(images, num_locations)


def _addresses(locations: Locations, images: int, ranks: int) -> Tuple[Tensor, Tensor, Tensor]:
    """Return (L, N) each: columns of the level's map, its first address, rank."""
    device = locations.levels.device
    _, _, columns, _, first = locations.levels[:, :, None].long().unbind(1)  # (L, 1) each
    box = torch.arange(images * ranks, device=device)
    shape = (len(locations.sizes), images * ranks)
    image = torch.div(box, ranks, rounding_mode='floor')
    base = first + image * sum(locations.counts)
    return columns.expand(shape), base, (box % ranks).expand(shape)
