"""What there is: splits, classes, sizes of images."""
from fcos_mm.data_report.inputs import DataInputs
from fcos_mm.data_report.text import ROWS, count_levels
from fcos_mm.datasets.statistics.summary import class_counts
from fcos_mm.pages.chapter import Chapter

_COUNTS = {'images': 'images', 'boxes': 'boxes', 'images without boxes': 'empty',
           'crowds': 'crowds'}


def overview(inputs: DataInputs) -> Chapter:
    """Numbers of each split and of each class."""
    summaries = inputs.summaries
    counts = [class_counts(split) for split in inputs.splits]
    return Chapter('overview', 'Overview', dict(
        layout=inputs.layout, notes=[*inputs.notes], refusal=inputs.refusal,
        found=count_levels(inputs.problems, bool(inputs.refusal)), splits=summaries,
        head=['', *summaries],
        rows=[[name, *(of[key] for of in summaries.values())] for name, key in _COUNTS.items()],
        details=[[name, *map(text, summaries.values())] for name, text in ROWS.items()],
        image_sizes=[[name, *size] for name, of in summaries.items()
                     for size in of['image_sizes']],
        class_head=['class', *(f'{name}: {what}' for name in summaries
                               for what in ('boxes', 'images'))],
        classes=[[name, *(of[what] for of in of_class for what in ('boxes', 'images'))]
                 for name, *of_class in zip(inputs.classes, *counts)]), 'data_report/overview.html')
