"""Which score threshold to use: precision, recall and F1 against it and against each other."""
import numpy as np

from fcos_mm.evaluation.average_precision import RECALLS, precision_at_recalls
from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.plain import plain
from fcos_mm.report.results import Results

_MOST_LINES = 10
_FINE = np.linspace(0, 1, 101)
_COARSE = np.linspace(.05, .95, 19)


def thresholds(inputs: ReportInputs) -> Chapter:
    """Precision-recall curves and F1 against the threshold, at an IoU of 0.5.

    A curve shows at each recall the highest precision at that recall or a higher one, as COCO's
    evaluation interpolates. All classes together are pooled: each detection counts once. Classes
    with the most boxes have a curve of their own.
    """
    results = inputs.results
    best = results.best_f1.overall
    return Chapter('thresholds', 'Score thresholds', {
        'best': best.threshold, 'f1': best.f1, 'precision': best.precision, 'recall': best.recall,
        'curves': _curves(results), 'scores': _at_thresholds(results, _FINE),
        'rows': _at_thresholds(results, _COARSE)}, 'report/thresholds.html')


def _curves(results: Results) -> list[dict]:
    """Precision-recall curves: of all, then of the classes with the most boxes."""
    truth, found, counts = results.truth, results.found, results.counts
    boxes = np.bincount(truth.labels[~truth.crowd], minlength=len(results.classes))
    chosen = [label for label in np.argsort(-boxes, kind='stable') if boxes[label]]
    chosen = sorted(chosen[:_MOST_LINES - 1]) if len(results.classes) > 1 else []
    curves = [_curve('all', found.scores[counts], results.right[counts], boxes.sum())]
    for label in chosen:
        which = counts & (found.labels == label)
        curves.append(_curve(results.classes[label], found.scores[which], results.right[which],
                             boxes[label]))
    return [curve for curve in curves if curve['recall']]


def _curve(name: str, scores: np.ndarray, right: np.ndarray, boxes: int) -> dict:
    """A line as far as it reaches; without a point where nothing is right."""
    reached = int(right.sum()) / boxes if right.any() else -1
    points = RECALLS <= reached
    precision = precision_at_recalls(scores, right, boxes) if boxes else points
    return {'name': name, 'recall': plain(RECALLS[points]),
            'precision': plain(precision[points])}


def _at_thresholds(results: Results, at: np.ndarray) -> list[dict]:
    """At each score threshold: detections kept, right ones, precision, recall and F1."""
    boxes = int((~results.truth.crowd).sum())
    kept, right = (_kept(results.found.scores[which], at)
                   for which in (results.counts, results.right))
    return [{'threshold': round(float(threshold), 2), 'detections': int(many), 'right': int(hits),
             'precision': hits / many if many else None, 'recall': hits / boxes if boxes else None,
             'f1': 2 * hits / (many + boxes) if many + boxes else None}
            for threshold, many, hits in zip(at, kept.tolist(), right.tolist())]


def _kept(scores: np.ndarray, at: np.ndarray) -> np.ndarray:
    """How many scores reach each threshold."""
    return len(scores) - np.searchsorted(np.sort(scores), at, side='left')
