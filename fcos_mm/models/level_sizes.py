"""Whether the feature maps have the strides that the head takes them for."""
import math
from collections.abc import Sequence
from functools import lru_cache

from fcos_mm.errors import UserError

_NEARER = math.sqrt(2)  # a map this many times too small is nearer to twice its stride
_CELLS = 2  # that convolutions without padding take from a small map


def check_level_sizes(sizes: Sequence[tuple[int, int]], strides: Sequence[int],
                      img_metas: Sequence[dict] | None) -> None:
    """Check that every map has as many cells as its stride makes of the input.

    That is the input's size divided by the stride, rounded up. Networks whose
    convolutions round down or have no padding have smaller maps: one is wrong
    if it is nearer to twice the stride, by more than two cells. Too many cells
    are wrong from the second on. The answer is cached, sizes seen before cost
    nothing.

    Args:
        sizes: (rows, columns) of each of L feature maps.
        strides: Stride of each level.
        img_metas: ``batch_input_shape`` is the (height, width) of the input;
            without it nothing is checked.

    Raises:
        UserError: If a map does not fit its stride.
    """
    if not img_metas or 'batch_input_shape' not in img_metas[0]:
        return
    height, width = img_metas[0]['batch_input_shape'][-2:]
    _check(tuple((int(rows), int(columns)) for rows, columns in sizes), tuple(strides),
           (int(height), int(width)))


def check_level_count(count: int, strides: Sequence[int]) -> None:
    """Check that there is one feature map for each stride.

    Args:
        count: The number of feature maps.
        strides: Stride of each level.

    Raises:
        UserError: If the numbers differ.
    """
    if count != len(strides):
        raise UserError(
            f'The head gets {count} feature maps, but model.bbox_head.strides='
            f'{tuple(strides)} are {len(strides)}.\nSet model.neck.num_outs={len(strides)}, or '
            f'{count} strides and as many bbox_head.assigner.regress_ranges.')


@lru_cache(maxsize=256)
def _check(sizes: tuple[tuple[int, int], ...], strides: tuple[int, ...],
           input_size: tuple[int, int]) -> None:
    for level, (cells, stride) in enumerate(zip(sizes, strides)):
        if any(_is_wrong(found, length / stride) for found, length in zip(cells, input_size)):
            raise UserError(_describe(level, sizes, strides, input_size))


def _is_wrong(found: int, cells: float) -> bool:
    """Whether an axis of ``found`` cells cannot be one of ``cells``, a fraction."""
    too_few = found * _NEARER < cells and cells - found > _CELLS
    return too_few or found > math.ceil(cells) + 1


def _describe(level: int, sizes: Sequence[tuple[int, int]], strides: tuple[int, ...],
              input_size: tuple[int, int]) -> str:
    rows, columns = sizes[level]
    expected = ' x '.join(str(math.ceil(length / strides[level])) for length in input_size)
    found = tuple(_stride(cells, input_size) for cells in sizes)
    return (f'Level {level} of the head has a feature map of {rows} x {columns} cells; its stride '
            f'{strides[level]} makes {expected} of an input of {input_size[0]} x {input_size[1]}.\n'
            f'model.bbox_head.strides={strides}, but the levels of the neck have strides {found}.\n'
            f'Set model.bbox_head.strides={found}, with assigner.regress_ranges for these, or take '
            'other levels of the backbone: model.neck.start_level.')


def _stride(cells: tuple[int, int], input_size: tuple[int, int]) -> int:
    """The power of two that is nearest to the stride of a map."""
    ratio = max(length / max(count, 1) for length, count in zip(input_size, cells))
    return 2 ** max(0, round(math.log2(ratio)))
