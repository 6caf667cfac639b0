"""COCO's metrics under mmdet's names, from an accumulated evaluation."""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pycocotools.cocoeval import COCOeval

# Sizes of boxes in mmdet's metrics and in pycocotools.
_SIZES = dict(s='small', m='medium', l='large')


class SummaryMetric(NamedTuple):
    """Which mean of an evaluation a metric is.

    Attributes:
        kind: ``'precision'`` or ``'recall'``.
        limit: So many of the best detections of an image count.
        iou: The IoU threshold; None for the mean over all.
        area: Size of the boxes, as pycocotools names it.
    """

    kind: str
    limit: int
    iou: float | None = None
    area: str = 'all'


def summary_metrics(limits: Sequence[int], ious: Sequence[float]) -> dict[str, SummaryMetric]:
    """The metrics by their names; those of an IoU threshold only where it is among ``ious``."""
    last = limits[-1]
    # pycocotools' mean over all sizes and thresholds is at 100 where that is a limit
    found = dict(mAP=SummaryMetric('precision', 100 if 100 in limits else last))
    for iou in (0.5, 0.75):
        if np.isclose(ious, iou).any():
            found[f'mAP_{round(100 * iou)}'] = SummaryMetric('precision', last, iou)
    for letter, area in _SIZES.items():
        found[f'mAP_{letter}'] = SummaryMetric('precision', last, area=area)
    for limit in limits:
        found[f'AR@{limit}'] = SummaryMetric('recall', limit)
    for letter, area in _SIZES.items():
        found[f'AR_{letter}@{last}'] = SummaryMetric('recall', last, area=area)
    return found


def value_of(evaluation: COCOeval, metric: SummaryMetric, category=None) -> float:
    """A metric of all categories or of one, by its id: 0 to 1, -1 where there is no box to find."""
    params = evaluation.params
    values = evaluation.eval[metric.kind]  # (T, R, K, A, M) or (T, K, A, M)
    values = values[..., params.areaRngLbl.index(metric.area), params.maxDets.index(metric.limit)]
    if metric.iou is not None:
        values = values[np.isclose(params.iouThrs, metric.iou)]
    if category is not None:
        values = values[..., params.catIds.index(category)]
    values = values[values > -1]
    return float(values.mean()) if values.size else -1.0


def category_rows(evaluation: COCOeval, categories: dict[str, object],
                  metrics: dict[str, SummaryMetric]) -> list[list[str]]:
    """The rows of a table of the categories' precision, the heading first."""
    names = [name for name, metric in metrics.items() if metric.kind == 'precision']
    # a single category has one limit in mmdet's table, the largest
    last = max(metric.limit for metric in metrics.values())
    rows = [['category', *names]]
    for category, key in categories.items():
        values = [value_of(evaluation, metrics[name]._replace(limit=last), key) for name in names]
        rows.append([category, *(str(round(or_nan(value), 3)) for value in values)])
    return rows


def or_nan(value: float) -> float:
    """A share, with nan for pycocotools' -1."""
    return float(value) if value >= 0 else float('nan')
