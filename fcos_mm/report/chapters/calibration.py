"""Whether a score can be read as a probability."""
from fcos_mm.evaluation.calibration import calibration as measure
from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.plain import plain

_CLOSE = 0.02


def calibration(inputs: ReportInputs) -> Chapter:
    """A reliability diagram: right is a detection that has found a box at an IoU of 0.5.

    Detections that match a crowd box are left out. ``error`` and ``excess`` are those of
    :class:`fcos_mm.evaluation.calibration.Calibration`; ``kept`` are the same of the detections
    with at least the score threshold of the best F1, which are those a user sees.
    """
    results = inputs.results
    scores, right = results.found.scores[results.counts], results.right[results.counts]
    found = measure(scores, right)
    threshold = results.best_f1.overall.threshold
    seen = scores >= (threshold or 0.0)
    kept = measure(scores[seen], right[seen])
    return Chapter('calibration', 'Calibration', {
        'edges': plain(found.edges), 'counts': plain(found.counts), 'scores': plain(found.scores),
        'right': plain(found.right), **_errors(found), 'threshold': threshold,
        'kept': _errors(kept)}, 'report/calibration.html')


def _errors(found) -> dict:
    """The two errors, and in a word what they mean; None without detections."""
    excess = plain(found.excess)
    word = None if excess is None else (
        'about right' if abs(excess) <= _CLOSE else
        'over-confident' if excess > 0 else 'under-confident')
    return {'error': plain(found.error), 'excess': excess, 'verdict': word}
