"""Locations: feature-map cells mapped back onto the image (paper, Sec. 3.1)."""
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

Sizes = tuple[tuple[int, int], ...]

#: Where a location lies in its cell, by the name of the option.
OFFSETS = {
    'floor': lambda stride: stride // 2,
    'half': lambda stride: stride / 2,
    'zero': lambda stride: 0,
}


class Locations(NamedTuple):
    """All locations of a batch, level after level, row by row.

    Attributes:
        points: (P, 2) image coordinates (x, y) of each location, float32.
        mirrored: (P, 4) the same as (x, y, -x, -y): less (x0, y0, -x1, -y1) it
            is (l, t, r, b), Eq. (1).
        ends: (2, 2, L) coordinate of the first location of each level, counted
            from the near end of x and y, and from the far end of -x and -y.
        strides: (P,) stride of the level of each location, float32.
        levels: (L, 5) per level: stride, coordinate of the first location,
            columns, rows, index of the level's first location. float32,
            exact below 2**24.
        sizes: (rows, columns) of each level.
        level_strides: stride of each level.
    """
    points: Tensor
    mirrored: Tensor
    ends: Tensor
    strides: Tensor
    levels: Tensor
    sizes: Sizes
    level_strides: tuple[int, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """The number of locations of each level."""
        return tuple(rows * columns for rows, columns in self.sizes)


class LocationGenerator:
    """Maps the cell (x, y) of a level of stride s to an image point.

    Args:
        strides: Stride of each level.
        offset: Where a location lies in its cell: ``'floor'``, floor(s/2)
            (the paper and the official code), ``'half'``, s/2 (mmdet), or
            ``'zero'``, the corner (torchvision). The first two differ only
            for odd strides.

    Raises:
        ValueError: If ``offset`` is none of the three, or a stride no positive
            number.
    """

    def __init__(self, strides: Sequence[int], *, offset: str = 'floor') -> None:
        if offset not in OFFSETS:
            raise ValueError(f'location_offset must be one of {sorted(OFFSETS)}, got {offset!r}')
        if not (isinstance(strides, (list, tuple)) and strides and all(
                isinstance(stride, (int, float)) and stride > 0 for stride in strides)):
            raise ValueError('strides must be a list of positive numbers of pixels, one for each '
                             f'level, got {strides!r}')
        self.strides = tuple(strides)
        self.offset = offset

    def __call__(self, sizes: Sequence[tuple[int, int]],
                 device: str | torch.device) -> Locations:
        """Return the locations of feature maps of these sizes.

        The answer is cached: images of a size seen before cost nothing.

        Args:
            sizes: (rows, columns) of each level's feature map.
            device: Where the tensors live.

        Raises:
            ValueError: If the number of maps is not the number of strides.
        """
        if len(sizes) != len(self.strides):
            raise ValueError(
                f'expected {len(self.strides)} feature maps, one for each of the strides '
                f'{self.strides}, got {len(sizes)}')
        sizes = tuple((int(rows), int(columns)) for rows, columns in sizes)
        return _locations(sizes, self.strides, self.offset, torch.device(device))


def mirrored(corners: Tensor) -> Tensor:
    """Return (..., 4) corners x0, y0, x1, y1 as x0, y0, -x1, -y1.

    On a mirrored axis the far side of a box is its near side.
    """
    near, far = corners.chunk(2, dim=-1)
    return torch.cat([near, -far], dim=-1)


@lru_cache(maxsize=256)
@torch.inference_mode(False)
def _locations(sizes: Sizes, strides: tuple[int, ...], offset: str,
               device: torch.device) -> Locations:
    points, point_strides, levels, first = [], [], [], 0
    for (rows, columns), stride in zip(sizes, strides):
        origin = OFFSETS[offset](stride)
        y, x = torch.meshgrid(
            torch.arange(rows, dtype=torch.float32) * stride + origin,
            torch.arange(columns, dtype=torch.float32) * stride + origin,
            indexing='ij')
        points.append(torch.stack([x.flatten(), y.flatten()], dim=1))  # (rows * columns, 2)
        point_strides.append(torch.full((rows * columns, ), float(stride)))
        levels.append([stride, origin, columns, rows, first])
        first += rows * columns
    points = torch.cat(points)
    levels = torch.tensor(levels, dtype=torch.float32)  # (L, 5)
    step, origin, columns, rows, _ = levels.unbind(1)  # (L,) each
    last = origin + (torch.stack([columns, rows]) - 1) * step  # (2, L)
    return Locations(
        points=points.to(device),
        mirrored=mirrored(points.repeat(1, 2)).to(device),
        ends=torch.stack([origin.expand(2, -1), -last]).to(device),
        strides=torch.cat(point_strides).to(device),
        levels=levels.to(device),
        sizes=sizes,
        level_strides=strides)
