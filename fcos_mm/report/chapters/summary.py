"""The result in short, and what to do next."""
from collections.abc import Mapping

import numpy as np

from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.hints import hints
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.results import Results

_PRECISIONS = {'AP': 'mAP', 'AP50': 'mAP_50', 'AP75': 'mAP_75', 'AP small': 'mAP_s',
               'AP medium': 'mAP_m', 'AP large': 'mAP_l'}
_SIDES = (16, 24, 32, 48, 64)  # pixels


def summary(inputs: ReportInputs, others: Mapping[str, Mapping]) -> Chapter:
    """The chapter that comes first and is made last.

    Args:
        inputs: What all chapters are made of.
        others: The numbers of the other chapters by key.
    """
    results, best = inputs.results, inputs.results.best_f1.overall
    numbers = dict(
        split=inputs.split, ann_file=inputs.ann_file, ann_checksum=inputs.ann_checksum,
        checkpoint=inputs.checkpoint,
        model=inputs.run.get('model'), images=len(results.images), classes=len(results.classes),
        boxes=int((~results.truth.crowd).sum()), detections=len(results.found.scores),
        precision={name: _share(results.metrics.get(f'coco/bbox_{metric}'))
                   for name, metric in _PRECISIONS.items()},
        best=dict(threshold=best.threshold, f1=best.f1, precision=best.precision,
                  recall=best.recall),
        small=small_boxes(results))
    numbers['hints'] = hints({**others, 'summary': numbers})
    return Chapter('summary', 'Summary', numbers, 'report/summary.html')


def small_boxes(results: Results) -> dict:
    """Which small boxes are found less often than the others, at the best threshold.

    Returns:
        ``side``, so many pixels are the boxes' smaller than, as the root of their area;
        ``boxes`` and ``missed`` of these, and ``other_boxes`` and ``other_missed`` of the others.
        Of several sides the one that tells them apart best; ``side`` is None without boxes.
    """
    counted = ~results.truth.crowd
    boxes, missed = results.truth.boxes[counted], results.missed[counted]
    sides = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(1))
    found = [_compare(sides < side, missed, side) for side in _SIDES
             if 0 < (sides < side).sum() < len(sides)]
    return max(found, key=_gap, default=dict(side=None))


def _compare(small: np.ndarray, missed: np.ndarray, side: int) -> dict:
    return dict(side=side, boxes=int(small.sum()), missed=int(missed[small].sum()),
                other_boxes=int((~small).sum()), other_missed=int(missed[~small].sum()))


def _gap(found: Mapping) -> float:
    """How many more of the small boxes are missed than there would be at the others' rate."""
    return found['missed'] - found['boxes'] * found['other_missed'] / found['other_boxes']


def _share(value: float | None) -> float | None:
    """A metric, with None for pycocotools' -1 where there is no such box."""
    return value if value is not None and value >= 0 else None
