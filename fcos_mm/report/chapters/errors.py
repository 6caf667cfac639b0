"""What kinds of errors there are, and what each costs."""
import numpy as np

from fcos_mm.evaluation.error_kinds import KINDS, RIGHT, ap_costs
from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.plain import plain
from fcos_mm.report.results import Results


def errors(inputs: ReportInputs) -> Chapter:
    """The kinds of :mod:`fcos_mm.evaluation.error_kinds`.

    The AP that they cost and the counts in ``all`` are those of all detections; ``shown`` and the
    classes count at the best score threshold for all classes together. A wrong detection counts
    for the class that it has, a missed box for its own.
    """
    results = inputs.results
    costs = ap_costs(results.found, results.truth, results.errors, results.order,
                     len(results.classes))
    everything = _counts(results, results.counts).sum(0).tolist()
    shown = _counts(results, results.shown)
    names = ('right', *KINDS)
    boxes = np.bincount(results.truth.labels[~results.truth.crowd], minlength=len(shown)).tolist()
    return Chapter('errors', 'Errors', {
        'ap50': plain(costs.ap),
        'costs': {kind: plain(cost) for kind, cost in costs.kinds.items()},
        'false_positives': plain(costs.false_positives),
        'false_negatives': plain(costs.false_negatives),
        'threshold': results.best_f1.overall.threshold,
        'all': dict(zip(names, everything)),
        'shown': dict(zip(names, shown.sum(0).tolist())),
        'classes': [{'name': name, 'boxes': count, **dict(zip(names, row))}
                    for name, count, row in zip(results.classes, boxes, shown.tolist())],
    }, 'report/errors.html')


def _counts(results: Results, kept: np.ndarray) -> np.ndarray:
    """By class: right detections, then each of KINDS, (C, 7)."""
    counts = np.zeros((len(results.classes), 1 + len(KINDS)), dtype=np.int64)
    np.add.at(counts, (results.found.labels[kept], results.errors.kinds[kept] - RIGHT), 1)
    missed = results.truth.labels[results.errors.missed(kept)]
    counts[:, -1] = np.bincount(missed, minlength=len(counts))
    return counts
