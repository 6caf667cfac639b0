"""Are bad boxes scored low, with center-ness and without it (paper, Sec. 8, Fig. 7)?"""
import numpy as np
from scipy.stats import spearmanr

from fcos_mm.analysis.score_iou import ScoreIoU, largest_iou
from fcos_mm.evaluation.matcher import Pairs
from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.plain import plain
from fcos_mm.report.results import Results

_BINS = 25


def score_iou(inputs: ReportInputs) -> Chapter:
    """The points of Fig. 7 as densities.

    The same detections appear twice: with the class score and with the final score. IoU as in
    :func:`fcos_mm.analysis.score_iou.score_and_iou`: with the box of the detection's class that
    it overlaps most, 0 without one. The rank correlation is Spearman's.
    """
    found = inputs.results.found
    ious = _ious(inputs.results)
    return Chapter('score_iou', 'Score and IoU', {
        'edges': plain(np.linspace(0, 1, _BINS + 1)),
        'final': _density(found.scores, ious),
        'class_score': None if found.class_scores is None else _density(found.class_scores, ious),
    }, 'report/score_iou.html')


def _ious(results: Results) -> np.ndarray:
    """The IoU of each detection with its box, (D,)."""
    pairs, truth = results.overlaps, results.truth
    own = ((results.found.labels[pairs.found] == truth.labels[pairs.known])
           & ~truth.crowd[pairs.known])
    return largest_iou(Pairs(*(column[own] for column in pairs)), len(results.found.scores))


def _density(scores: np.ndarray, ious: np.ndarray) -> dict:
    points = ScoreIoU.of(scores, ious)
    counts, _, _ = np.histogram2d(scores, ious, bins=_BINS, range=[[0, 1], [0, 1]])
    return {'counts': plain(counts.astype(int)), 'below_line': plain(points.below_line),
            'confident_but_poor': plain(points.confident_but_poor),
            'rank_correlation': plain(_rank_correlation(scores, ious))}


def _rank_correlation(scores: np.ndarray, ious: np.ndarray) -> float:
    """Spearman's; nan where one of the two does not vary."""
    if not len(scores) or not np.ptp(scores) or not np.ptp(ious):
        return float('nan')
    return float(spearmanr(scores, ious).statistic)
