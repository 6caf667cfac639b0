"""Locations: feature-map cells mapped back onto the image (paper, Sec. 3.1)."""
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from fcos_mm.errors import UserError, check_choice

Sizes = tuple[tuple[int, int], ...]

#: Where a location lies in its cell, by the name of the option.
OFFSETS = {
    'floor': lambda stride: stride // 2,
    'half': lambda stride: stride / 2,
    'zero': lambda stride: 0,
}
SPACINGS = ('stride', 'input')
_NEARER = math.sqrt(2)  # a map this many times too small is nearer to twice its stride
_CELLS = 2  # that convolutions without padding take from a small map


class Level(NamedTuple):
    """The locations of one level of the feature pyramid."""
    stride: float  # pixels, of the level
    origin: float  # coordinate of the first location, in x and in y
    rows: int
    columns: int
    first: int  # index of the first location among the P
    row_step: float  # pixels from row to row
    column_step: float


@dataclass(frozen=True, eq=False)
class Locations:
    """All P locations of an image, level after level, row by row, in float32."""
    points: Tensor  # (P, 2) coordinates (x, y) on the image
    strides: Tensor  # (P,)
    levels: tuple[Level, ...]

    @cached_property
    def mirrored(self) -> Tensor:
        """(P, 4) points as (x, y, -x, -y)."""
        return mirrored(self.points.repeat(1, 2))

    @property
    def counts(self) -> tuple[int, ...]:
        """The number of locations of each level."""
        return tuple(level.rows * level.columns for level in self.levels)


class LocationGenerator:
    """Maps the cell (x, y) of a level with stride s to an image point.

    Args:
        strides: Stride of each level.
        offset: Where a location lies in its cell: ``'floor'``, floor(s/2)
            (the paper and the official code), ``'half'``, s/2 (mmdet), which
            differs for odd strides, or ``'zero'``, the corner (torchvision).
        spacing: Pixels from cell to cell: ``'stride'``, the stride, or ``'input'``, the size of
            the input divided by that of the map, rounded down (torchvision). They differ where
            the input is no multiple of the stride.

    Raises:
        ValueError: If an option is none of these, or a stride is not positive.
    """

    def __init__(self, strides: Sequence[int], *, offset: str = 'floor',
                 spacing: str = 'stride') -> None:
        check_choice('location_offset', offset, tuple(OFFSETS))
        check_choice('location_spacing', spacing, SPACINGS)
        if not (isinstance(strides, (list, tuple)) and strides and all(
                isinstance(stride, (int, float)) and stride > 0 for stride in strides)):
            raise ValueError('strides must be a list of positive numbers of pixels, one for each '
                             f'level, got {strides!r}')
        self.strides = tuple(strides)
        self.offset = offset
        self.spacing = spacing

    def __call__(self, sizes: Sequence[tuple[int, int]], device: str | torch.device,
                 img_metas: Sequence[dict] | None = None) -> Locations:
        """Return the locations of maps of L sizes (rows, columns), cached.

        Args:
            sizes: Of the maps.
            device: Of the result.
            img_metas: ``batch_input_shape`` (h, w), which the spacing ``'input'`` needs.

        Raises:
            UserError: If the number of maps is not the number of strides.
            ValueError: If the size of the input is needed and missing.
        """
        self.check_count(len(sizes))
        sizes = _as_ints(sizes)
        if self.spacing == 'stride':
            steps = tuple((stride, stride) for stride in self.strides)
        elif img_metas and 'batch_input_shape' in img_metas[0]:
            height, width = map(int, img_metas[0]['batch_input_shape'][-2:])
            steps = tuple((height // rows, width // columns) for rows, columns in sizes)
        else:
            raise ValueError("location_spacing='input' needs batch_input_shape of the images")
        return _locations(sizes, self.strides, self.offset, steps, torch.device(device))

    def sizes(self, height: int, width: int) -> Sizes:
        """Return (rows, columns) of each map for an input of this size."""
        return tuple((math.ceil(height / stride), math.ceil(width / stride))
                     for stride in self.strides)

    def check_count(self, count: int) -> None:
        """Raise a UserError unless there is one feature map for each stride."""
        if count != len(self.strides):
            raise UserError(
                f'The head gets {count} feature maps, but model.bbox_head.strides={self.strides} '
                f'are {len(self.strides)}.\nSet model.neck.num_outs={len(self.strides)}, or '
                f'{count} strides and as many bbox_head.assigner.regress_ranges.')

    def check_sizes(self, sizes: Sequence[tuple[int, int]],
                    img_metas: Sequence[dict] | None) -> None:
        """Check that the size of every map matches its stride.

        Networks whose convolutions round down or have no padding produce smaller
        maps than :meth:`sizes`. A map is too small if its size is closer to twice
        the stride, by more than two cells, and too large from the second extra cell
        on. Sizes seen before are not checked again.

        Args:
            sizes: (rows, columns) of each map.
            img_metas: ``batch_input_shape`` (h, w); without it nothing is checked.

        Raises:
            UserError: If a map does not fit its stride.
        """
        if img_metas and 'batch_input_shape' in img_metas[0]:
            height, width = img_metas[0]['batch_input_shape'][-2:]
            _check_sizes(_as_ints(sizes), self.strides, (int(height), int(width)))


def mirrored(corners: Tensor) -> Tensor:
    """Return corners (..., 4) x0, y0, x1, y1 as x0, y0, -x1, -y1.

    Mirroring an axis turns the far side of a box into its near side.
    """
    near, far = corners.chunk(2, dim=-1)
    return torch.cat([near, -far], dim=-1)


def flatten_levels(maps: Sequence[Tensor]) -> Tensor:
    """Turn L maps (B, K, H, W) into one tensor (B, P, K).

    The memory layout is kept, since transposing would cost more than any other
    step: the result is contiguous only for ``channels_last`` maps.
    """
    if maps[0].is_contiguous(memory_format=torch.channels_last):
        return torch.cat([m.permute(0, 2, 3, 1).flatten(1, 2) for m in maps], dim=1)
    return torch.cat([m.flatten(2).transpose(0, 1) for m in maps], dim=2).permute(1, 2, 0)


def scale_factors(img_metas: Sequence[dict], device: torch.device) -> Tensor:
    """Return (B, 4) scale factors (w, h, w, h) from the original image to the network's input."""
    factors = [tuple(meta.get('scale_factor', (1., 1.)))[:2] * 2 for meta in img_metas]
    return torch.tensor(factors, dtype=torch.float32).to(device, non_blocking=True)


def _as_ints(sizes: Sequence[tuple[int, int]]) -> Sizes:
    return tuple((int(rows), int(columns)) for rows, columns in sizes)


@lru_cache(maxsize=256)
@torch.inference_mode(False)
def _locations(sizes: Sizes, strides: tuple[int, ...], offset: str,
               steps: tuple[tuple[float, float], ...], device: torch.device) -> Locations:
    points, point_strides, levels, first = [], [], [], 0
    for (rows, columns), stride, (row_step, column_step) in zip(sizes, strides, steps):
        origin = OFFSETS[offset](stride)
        y, x = torch.meshgrid(
            torch.arange(rows, dtype=torch.float32) * row_step + origin,
            torch.arange(columns, dtype=torch.float32) * column_step + origin,
            indexing='ij')
        points.append(torch.stack([x.flatten(), y.flatten()], dim=1))  # (rows * columns, 2)
        point_strides.append(torch.full((rows * columns, ), float(stride)))
        levels.append(Level(stride, origin, rows, columns, first, row_step, column_step))
        first += rows * columns
    return Locations(torch.cat(points).to(device), torch.cat(point_strides).to(device),
                     tuple(levels))


@lru_cache(maxsize=256)
def _check_sizes(sizes: Sizes, strides: tuple[int, ...], input_size: tuple[int, int]) -> None:
    for level, (cells, stride) in enumerate(zip(sizes, strides)):
        if any(_is_wrong(found, length / stride) for found, length in zip(cells, input_size)):
            raise UserError(_describe(level, sizes, strides, input_size))


def _is_wrong(found: int, cells: float) -> bool:
    """Whether an axis of ``found`` cells cannot be one of ``cells``, a fraction."""
    too_few = found * _NEARER < cells and cells - found > _CELLS
    return too_few or found > math.ceil(cells) + 1


def _describe(level: int, sizes: Sizes, strides: tuple[int, ...],
              input_size: tuple[int, int]) -> str:
    rows, columns = sizes[level]
    expected = ' x '.join(str(math.ceil(length / strides[level])) for length in input_size)
    found = tuple(_nearest_stride(cells, input_size) for cells in sizes)
    return (f'Level {level} of the head has a feature map of {rows} x {columns} cells; its stride '
            f'{strides[level]} makes {expected} of an input of {input_size[0]} x {input_size[1]}.\n'
            f'model.bbox_head.strides={strides}, but the levels of the neck have strides {found}.\n'
            f'Set model.bbox_head.strides={found}, with assigner.regress_ranges for these, or take '
            'other levels of the backbone: model.neck.start_level.')


def _nearest_stride(cells: tuple[int, int], input_size: tuple[int, int]) -> int:
    """The power of two that is nearest to the stride of a map."""
    ratio = max(length / max(count, 1) for length, count in zip(input_size, cells))
    return 2 ** max(0, round(math.log2(ratio)))
