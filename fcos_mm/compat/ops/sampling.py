"""Bilinear samples of feature maps, as weighted sums of their cells."""
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Cells(NamedTuple):
    """Cells and their weights, (..., 2) along an axis, (..., 4) on a map; never outside."""

    index: Tensor
    weight: Tensor


def zero_outside(coordinate: Tensor, size: int) -> Cells:
    """The two cells around coordinates (...) on an axis of ``size`` cells, zeros beyond its ends.

    A coordinate is 0 at the centre of the first cell.
    """
    reached = (coordinate > -1) & (coordinate < size)
    coordinate = torch.where(reached, coordinate, -1.0)
    low = coordinate.floor()
    fraction = coordinate - low
    index = torch.stack([low, low + 1], dim=-1)
    weight = torch.stack([1 - fraction, fraction], dim=-1)
    inside = (index >= 0) & (index < size)
    return Cells(index.clamp(0, size - 1).long(), weight * inside)


def repeat_border(coordinate: Tensor, size: int) -> Cells:
    """As :func:`zero_outside`, but the end cells go on for one cell; zeros lie farther out."""
    reached = (coordinate >= -1) & (coordinate <= size)
    coordinate = torch.where(reached, coordinate, 0.0).clamp(0, size - 1)
    low = coordinate.floor()
    fraction = coordinate - low
    index = torch.stack([low, (low + 1).clamp(max=size - 1)], dim=-1)
    weight = torch.stack([1 - fraction, fraction], dim=-1)
    return Cells(index.long(), weight * reached[..., None])


def around(y: Cells, x: Cells, width: int) -> Cells:
    """The four cells around points, from rows and columns (..., 2), counted row by row."""
    index = y.index[..., :, None] * width + x.index[..., None, :]
    weight = y.weight[..., :, None] * x.weight[..., None, :]
    return Cells(index.flatten(-2), weight.flatten(-2))


def weighted_sums(features: Tensor, cells: Cells, starts: Tensor) -> Tensor:
    """(S, C) sums of weighted cells.

    Args:
        features: (N, C) one row for each cell.
        cells: The cells to read, of any shape.
        starts: (S,) where the cells of each sum start in the flattened cells.
    """
    if not len(starts):
        return features.new_zeros((0, features.shape[1]))
    return F.embedding_bag(
        cells.index.flatten(), features, starts, mode='sum',
        per_sample_weights=cells.weight.flatten())
