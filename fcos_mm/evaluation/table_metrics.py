"""Metrics of the paper's tables, from files: COCO's, proposal recall, class-agnostic.

All values are fractions of 1. A metric that cannot be measured, such as AP of large boxes
if there are none, is nan (pycocotools: -1).
"""
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from pycocotools.cocoeval import COCOeval

from fcos_mm.errors import UserError
from fcos_mm.evaluation.coco_backend import choose_evaluator, evaluated
from fcos_mm.evaluation.coco_files import (
    Results,
    Truth,
    quiet,
    read_results,
    read_truth,
    results_as_coco,
)
from fcos_mm.evaluation.coco_summary import or_nan

#: Where pycocotools' ``stats`` has the numbers of Tables 3 to 7.
NAMES = ('AP', 'AP50', 'AP75', 'AP_S', 'AP_M', 'AP_L', 'AR_1', 'AR_10', 'AR_100')

#: The IoU thresholds of Figs. 4, 5 and 6, and their places among COCO's ten.
CURVES = {0.5: 0, 0.75: 5, 0.9: 8}


@dataclass(frozen=True)
class ClassAgnostic:
    """How well boxes are found, regardless of category (paper, Table 9, Figs. 4 to 6).

    Attributes:
        AP: Mean over the IoU thresholds 0.50, 0.55, ..., 0.95; AP50, AP75, AP90: at one.
        recall: (101,) 0, 0.01, ..., 1: the points of the curves.
        precision: For each IoU threshold (0.5, 0.75, 0.9) the highest precision (101,)
            at that recall or a higher one; 0 if the recall is not reached.
        best_recall: For each IoU threshold the share of boxes found at all.
    """

    AP: float
    AP50: float
    AP75: float
    AP90: float
    recall: np.ndarray
    precision: dict[float, np.ndarray]
    best_recall: dict[float, float]

    def to_dict(self) -> dict:
        """The same with plain lists and the thresholds as text, for JSON."""
        return dict(
            vars(self), recall=self.recall.tolist(),
            precision={str(iou): curve.tolist() for iou, curve in self.precision.items()},
            best_recall={str(iou): value for iou, value in self.best_recall.items()})


def coco_numbers(truth: Truth, results: Results, *, image_ids: Collection[int] | None = None,
                 backend: str = 'auto') -> dict[str, float]:
    """COCO's metrics (paper, Tables 3 to 7; with ``image_ids``, Table 6).

    Args:
        truth: Annotation file in COCO format, or the annotations.
        results: File of detections (``*.bbox.json``), or its rows; may be empty.
        image_ids: Images to evaluate; None: all.
        backend: See :func:`choose_evaluator`.

    Returns:
        The metrics named in ``NAMES``, 0 to 1, nan if there is no such box.

    Raises:
        UserError: If a file cannot be used, or its ids do not match the annotations.
    """
    evaluation = _evaluated(truth, results, image_ids, backend)
    with quiet():
        evaluation.summarize()
    return {name: or_nan(value) for name, value in zip(NAMES, evaluation.stats)}


def proposal_recall(truth: Truth, results: Results, *, limits: Sequence[int] = (100, 1000),
                    backend: str = 'auto') -> dict[str, float]:
    """Average recall of proposals (paper, Table 8), as mmdet's ``metric='proposal'``.

    Arguments and errors are those of :func:`coco_numbers`; categories are ignored.

    Args:
        limits: Limits on the number of proposals per image.

    Returns:
        ``AR@limit`` for each limit: recall averaged over the IoU thresholds
        0.50 to 0.95; 0 to 1, nan if there are no boxes.
    """
    limits = sorted(limits)
    recall = _evaluated(truth, results, None, backend, useCats=0,
                        maxDets=limits).eval['recall']  # (10, 1, areas, limits)
    return {f'AR@{limit}': or_nan(recall[:, 0, 0, place].mean())
            for place, limit in enumerate(limits)}


def class_agnostic_numbers(truth: Truth, results: Results, *,
                           image_ids: Collection[int] | None = None,
                           category_ids: Collection[int] | None = None,
                           backend: str = 'auto') -> ClassAgnostic:
    """Precision and recall with the categories ignored (paper, Table 9, Figs. 4 to 6).

    Arguments and errors are those of :func:`coco_numbers`. A detection is right if it matches
    a box of any category; the best 100 of an image count.

    Args:
        category_ids: Categories whose boxes and detections count; None: all.
    """
    only = {} if category_ids is None else dict(catIds=sorted(category_ids))
    evaluation = _evaluated(truth, results, image_ids, backend, useCats=0, **only)
    precision = evaluation.eval['precision'][:, :, 0, 0, -1]  # (10, 101)
    recall = evaluation.eval['recall'][:, 0, 0, -1]  # (10,)
    precision = np.where(precision < 0, np.nan, precision)
    curves = {iou: precision[place] for iou, place in CURVES.items()}
    at = {iou: float(curve.mean()) for iou, curve in curves.items()}
    return ClassAgnostic(
        AP=float(precision.mean()), AP50=at[0.5], AP75=at[0.75], AP90=at[0.9],
        recall=np.array(evaluation.params.recThrs),
        precision=curves,
        best_recall={iou: or_nan(recall[place]) for iou, place in CURVES.items()})


def _evaluated(truth: Truth, results: Results, image_ids: Collection[int] | None,
               backend: str, **params) -> COCOeval:
    """Match the detections and accumulate, with these parameters of pycocotools changed."""
    truth = read_truth(truth)
    image_ids = sorted(truth.imgs if image_ids is None else set(image_ids))
    unknown = [key for key in image_ids if key not in truth.imgs]
    if unknown:
        raise UserError(f'{len(unknown)} of the image_ids are not in the annotations, e.g. '
                        f'{unknown[0]}.\nGive ids of images in the annotation file.')
    found = results_as_coco(read_results(results, truth, image_ids=image_ids), truth)
    with quiet():
        return evaluated(choose_evaluator(backend), truth, found, imgIds=image_ids, **params)
