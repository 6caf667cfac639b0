"""AP of groups of boxes, from the results of a report."""
import numpy as np

from fcos_mm.evaluation.box_groups import by_coco_area, everything
from fcos_mm.evaluation.group_precision import (
    BoxGroups,
    GroupPrecision,
    mean_of_known,
    precision_of_groups,
)
from fcos_mm.report.results import Results


def group_precision(results: Results, groups: BoxGroups) -> GroupPrecision:
    """See :func:`fcos_mm.evaluation.group_precision.precision_of_groups`."""
    found, truth = results.found, results.truth
    return precision_of_groups(
        scores=found.scores, labels=found.labels, order=results.order, box_labels=truth.labels,
        crowd=truth.crowd, pairs=results.overlaps, groups=groups, classes=len(results.classes))


def areas(boxes: np.ndarray) -> np.ndarray:
    """Width times height (N,) of boxes (N, 4), in square pixels."""
    return (boxes[:, 2:] - boxes[:, :2]).prod(1)


def coco_sizes(results: Results) -> BoxGroups:
    """COCO's small, medium and large boxes, by their areas as annotated."""
    truth = results.truth
    return by_coco_area(areas(truth.boxes) if truth.areas is None else truth.areas,
                        areas(results.found.boxes))


def coco_metrics(results: Results) -> dict[str, float]:
    """The numbers of ``CocoMetric``, by the names and with the decimals that a test logs.

    Computed from the arrays, which takes a tenth of the memory. All are at COCO's limit of 100
    detections of a class in an image, the metric's only with ``proposal_nums=(100, 100, 100)``.
    -1 where there is no such box.
    """
    whole = everything(len(results.truth.boxes), len(results.found.boxes))
    names, boxes, detections = zip(whole, coco_sizes(results))
    ap = group_precision(results, BoxGroups((*names[0], *names[1]), np.hstack(boxes),
                                            np.hstack(detections)))
    at_75 = mean_of_known(ap.precision[:, :, 5])
    numbers = dict(zip(('mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'mAP_m', 'mAP_l'),
                       (ap.mean[0], ap.at_half[0], at_75[0], *ap.mean[1:])))
    return {f'coco/bbox_{name}': float(f'{np.nan_to_num(value, nan=-1):.3f}')
            for name, value in numbers.items()}
