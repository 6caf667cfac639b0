"""Which size of the input the boxes need, and which levels and regress ranges."""
from collections.abc import Mapping, Sequence
from typing import Any

from fcos_mm.analysis.figures.style import count
from fcos_mm.pages.chapter import Chapter
from fcos_mm.recipes.size_curve import size_curve


def input_size(ann_file: str, classes: Sequence[str] | None) -> Chapter:
    """Best possible recall and ambiguity against the size of the input, and the advice.

    Args:
        ann_file: COCO-format annotation file of the training set.
        classes: Those that count.

    Raises:
        UserError: If the annotations cannot be used.
    """
    return Chapter('input_size', 'Input size and regress ranges', size_curve(ann_file, classes),
                   'data_report/input_size.html')


def lines(numbers: Mapping[str, Any]) -> list[str]:
    """The advice for a screen, from the numbers of the chapter."""
    advised, flat = (numbers['sizes'][numbers[name]] for name in ('advised', 'flat'))
    found = advised['sampled']
    text = [f'input size    {_size(advised)}: {numbers["reason"]}',
            f'levels        {advised["levels"]}, regress ranges {ranges_text(advised["ranges"])}',
            f'              {found["bpr"]:.2f} % of the boxes have a location; '
            f'{found["ambiguous"]:.1f} % of the positive locations are ambiguous']
    if advised is not flat:
        text.append(
            f'              best possible recall is flat from {_size(flat)} on, at '
            f'{flat["cost"]:.2g} times the cost ({flat["sampled"]["bpr"]:.2f} %)')
    if numbers['images'] < numbers['images_with_boxes']:
        text.append(f'              counted on {count(numbers["images"], "image")} of '
                    f'{numbers["images_with_boxes"]:,}, a random sample')
    return text


def ranges_text(ranges: Sequence[Sequence[float | None]]) -> str:
    """Regress ranges in words: ``'0-32, 32-64, 64-'``."""
    return ', '.join(f'{low:g}-' + ('' if high is None else f'{high:g}') for low, high in ranges)


def _size(row: Mapping[str, Any]) -> str:
    return '{} x {}'.format(*row['size'])
