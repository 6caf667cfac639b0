"""The anchor boxes that may be positive, in closed form.

A positive anchor reaches the threshold with some box, or is the best of some box. For each box
the anchors of one shape lie on a regular grid; IoU falls with the distance of the centers along x
and along y, so the best anchor is the nearest one, and those of at least a given IoU lie in a
window of cells. An assignment by IoU among these anchors alone is the same as among all: whether
an anchor is positive depends on its own overlaps and on the best of each box.
"""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from mmdet.models.task_modules import AnchorGenerator
from torch import Tensor

# Generous bounds of rounding: of an IoU (relative), of a coordinate (pixels).
_IOU_MARGIN, _PIXEL_MARGIN = 1e-3, 1e-2


class AnchorGrid(NamedTuple):
    """The anchors of an image: a grid of cells for each of the S shapes of all levels."""
    base: np.ndarray  # (S, 4) float32, the anchor of the first cell
    stride: np.ndarray  # (S, 2) pixels from cell to cell, x and y
    cells: np.ndarray  # (S, 2, 2) first and one past the last usable cell, x and y
    columns: np.ndarray  # (S,) of the map
    first: np.ndarray  # (S,) index of the shape's first anchor among those of the image
    shapes: np.ndarray  # (S,) number of shapes that alternate within a cell of the map
    counts: tuple[int, ...]  # anchors of each level


def anchor_grid(generator: AnchorGenerator, sizes: Sequence[tuple[int, int]],
                inside: tuple[float, float, float] | None = None) -> AnchorGrid:
    """Describe the anchors of an image whose levels have the sizes (rows, columns).

    ``inside`` is the width and height of the image and how far an anchor may extend beyond its
    border, in pixels; None: without limit.
    """
    parts: list[tuple] = []
    counts: list[int] = []
    for base, stride, (rows, columns) in zip(generator.base_anchors, generator.strides, sizes):
        base, number = base.float().numpy(), len(base)
        cells = np.stack([_usable(base[:, axis::2], stride[axis], length, inside, axis)
                          for axis, length in enumerate((columns, rows))], axis=1)  # (A, 2, 2)
        parts.append((base, np.tile(stride, (number, 1)), cells, np.full(number, columns),
                      sum(counts) + np.arange(number), np.full(number, number)))
        counts.append(rows * columns * number)
    return AnchorGrid(*(np.concatenate(part) for part in zip(*parts)), tuple(counts))


def _usable(sides: np.ndarray, stride: int, length: int, inside: tuple | None,
            axis: int) -> np.ndarray:
    """(A, 2): along an axis, the first and one past the last cell inside the image."""
    if inside is None:
        return np.tile([0, length], (len(sides), 1))
    shifted = sides[:, :, None] + np.arange(length, dtype=np.float32) * stride  # (A, 2, length)
    border = inside[2]
    within = (shifted[:, 0] >= -border) & (shifted[:, 1] < inside[axis] + border)
    first = np.where(within.any(1), within.argmax(1), 0)
    return np.stack([first, first + within.sum(1)], axis=1)


def anchor_candidates(grid: AnchorGrid, boxes: Tensor,
                      threshold: float) -> tuple[np.ndarray, Tensor]:
    """Find every anchor that reaches the IoU with a box of (G, 4) or is its best.

    Returns:
        Index (K,) among the anchors of the image, ascending, and anchors (K, 4) float32.
    """
    begin, end = _windows(grid, boxes.double().numpy(), threshold)  # (G, S, 2) each
    box, shape = (end > begin).all(2).nonzero()  # (N,) each
    (left, top), (right, bottom) = begin[box, shape].T, end[box, shape].T
    width = right - left
    count = width * (bottom - top)  # (N,)
    cell = np.arange(count.sum()) - np.repeat(count.cumsum() - count, count)
    left, top, width, shape = (np.repeat(part, count) for part in (left, top, width, shape))
    row, column = top + cell // width, left + cell % width
    index = grid.first[shape] + (row * grid.columns[shape] + column) * grid.shapes[shape]
    index, once = np.unique(index, return_index=True)
    shift = np.stack([column[once], row[once]], axis=1) * grid.stride[shape[once]]
    anchors = grid.base[shape[once]] + np.tile(shift, 2).astype(np.float32)
    return index, torch.from_numpy(anchors)


def _windows(grid: AnchorGrid, boxes: np.ndarray, threshold: float) -> tuple[np.ndarray, ...]:
    """Begin and end of the windows of cells, (G, S, 2) each, x and y."""
    base = grid.base.astype(np.float64)
    center = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2  # (G, 1, 2)
    origin = (base[:, :2] + base[:, 2:]) / 2  # (S, 2)
    side = boxes[:, None, 2:] - boxes[:, None, :2]  # (G, 1, 2)
    anchor_side = base[:, 2:] - base[:, :2]  # (S, 2)
    shorter = np.minimum(side, anchor_side)  # (G, S, 2): the largest possible intersection
    area = side.prod(2) + anchor_side.prod(1)  # (G, S): of both
    first, last = grid.cells[..., 0], grid.cells[..., 1] - 1  # (S, 2) each
    nearest = np.clip(np.rint((center - origin) / grid.stride), first, last)
    distance = np.abs(origin + nearest * grid.stride - center)
    common = np.clip(np.minimum(shorter, (side + anchor_side) / 2 - distance), 0, None).prod(2)
    iou = np.where((last >= first).all(1), common / (area - common), 0)  # (G, S)
    lowest = np.minimum(iou.max(1), threshold)[:, None] * (1 - _IOU_MARGIN)  # (G, 1)
    needed = lowest / (1 + lowest) * area  # (G, S): the intersection of such an IoU
    # Along one axis that much must overlap if the other overlaps as far as possible.
    needed = needed[..., None] / shorter[..., ::-1]  # (G, S, 2)
    reach = (side + anchor_side) / 2 - needed + _PIXEL_MARGIN
    reach = np.where(needed > shorter + _PIXEL_MARGIN, -np.inf, reach)
    reach = np.where(lowest[..., None] > 0, reach, np.inf)  # no anchor overlaps: all are best
    begin = np.ceil((center - reach - origin) / grid.stride)
    end = np.floor((center + reach - origin) / grid.stride) + 1
    return (np.clip(begin, first, last + 1).astype(np.int64),
            np.clip(end, first, last + 1).astype(np.int64))
