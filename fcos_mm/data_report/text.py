"""What data hold, in lines for the screen."""
from collections.abc import Mapping, Sequence
from typing import Any

from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.datasets.checks.summary import SplitSummary, class_rows, text_table
from fcos_mm.datasets.problems.kinds import LEVELS
from fcos_mm.datasets.problems.problem import Problem
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.datasets.statistics.summary import class_counts
from fcos_mm.faults import counted

#: Rows of the table of splits: for each a text of the numbers of a split.
ROWS = {
    'boxes per image': lambda of: _spread(of['boxes_per_image']),
    'side of boxes (pixels)': lambda of: _spread(of['sides']),
    'small boxes': lambda of: percent(of['small']),
    'medium boxes': lambda of: percent(of['medium']),
    'large boxes': lambda of: percent(of['large']),
    'below 4 pixels': lambda of: percent(of['tiny']),
    'below a stride': lambda of: percent(of['tiny_at_input']),
    'above 90 % of image': lambda of: percent(of['huge']),
    'overlapping, IoU > 0.5': lambda of: percent(of['overlapping']),
    'smallest image': lambda of: _size(of['smallest_image']),
    'largest image': lambda of: _size(of['largest_image']),
}


def statistics_lines(inputs: DataInputs) -> list[str]:
    """Images and boxes of each class, and the numbers of each split."""
    classes = class_rows({split.name: _counts(split) for split in inputs.splits})
    numbers = {name: [text(of) for of in inputs.summaries.values()] for name, text in ROWS.items()}
    return text_table({**classes, **numbers})


def count_levels(problems: Sequence[Problem], refused: bool = False) -> str:
    """``1 error, 3 warnings, 2 notes``; that training refuses the data is an error at least."""
    levels = [problem.about.level for problem in problems]
    levels += ['error'] * (refused and 'error' not in levels)
    return ', '.join(counted(levels.count(level), level) for level in LEVELS)


def percent(share: float | None) -> str:
    """A share in per cent, with a decimal where it is small."""
    if share is None:
        return '–'
    return f'{100 * share:.0f} %' if share == 0 or share >= 0.1 else f'{100 * share:.2g} %'


def _counts(split: LabelledSplit) -> SplitSummary:
    classes = class_counts(split)
    return SplitSummary(
        len(split.images), len(split.annotations),
        len(split.images) - len({*split.owner.tolist()}),
        {name: (each['images'], each['boxes'])
         for name, each in zip(split.classes, classes, strict=True)})


def _spread(values: Mapping[str, Any]) -> str:
    """``1 / 12 / 30``: the least, the median, the most."""
    if values['median'] is None:
        return '–'
    return ' / '.join(f'{values[name]:.3g}' for name in ('least', 'median', 'most'))


def _size(size: Sequence[int] | None) -> str:
    return f'{size[0]} x {size[1]}' if size else '–'
