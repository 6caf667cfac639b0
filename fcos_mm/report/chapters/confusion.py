"""Which class is taken for which, what is missed, and what is found where nothing is."""
import numpy as np

from fcos_mm.evaluation.confusion import confusion_matrix
from fcos_mm.evaluation.matcher import match, to_xywh
from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.plain import plain
from fcos_mm.report.results import Results

_MOST_SHOWN, _LARGEST = 20, 10


def confusion(inputs: ReportInputs) -> Chapter:
    """The confusion matrix at the score threshold with the best F1 of all classes together.

    The detections with that score or more choose without regard to classes, the higher score
    first: each takes the box not yet taken that it overlaps most, with an IoU of at least 0.5, or
    failing that a crowd box. A detection in a crowd box counts nowhere, nor do crowd boxes. A
    detection that takes no box is one of the background, also where it repeats another; a box
    that none takes is missed. Where no detection is right, all of them count.
    """
    results = inputs.results
    threshold = results.best_f1.overall.threshold
    counts = _counts(results, threshold or 0.0)
    shown = _shown(counts)
    return Chapter('confusion', 'Confusion', {
        'threshold': threshold, 'classes': list(results.classes), 'counts': plain(counts),
        'largest': largest_confusions(results.classes, counts),
        'shown': _cut_out(results.classes, counts, shown)}, 'report/confusion.html')


def _counts(results: Results, threshold: float) -> np.ndarray:
    found, truth = results.found, results.truth
    kept = found.scores >= threshold
    matched = match(to_xywh(found.boxes[kept]), found.scores[kept], found.images[kept],
                    to_xywh(truth.boxes), truth.images, truth.crowd)
    return confusion_matrix(found.labels[kept], matched, truth.labels, truth.crowd,
                            len(results.classes))


def largest_confusions(names: tuple[str, ...], counts: np.ndarray) -> list[dict]:
    """The pairs of classes that are confused most often, by count, at most ten.

    Each with ``truth``, ``taken_for``, ``count``, ``boxes`` of the true class and ``share`` of
    them.
    """
    between = counts[:-1, :-1] * ~np.eye(len(names), dtype=bool)
    boxes = counts.sum(1).tolist()
    rows, columns = np.unravel_index(np.argsort(-between, axis=None, kind='stable')[:_LARGEST],
                                     between.shape)
    return [{'truth': names[row], 'taken_for': names[column], 'count': int(between[row, column]),
             'boxes': boxes[row], 'share': int(between[row, column]) / boxes[row]}
            for row, column in zip(rows.tolist(), columns.tolist()) if between[row, column]]


def _shown(counts: np.ndarray) -> list[int]:
    """The classes with a row of their own: all, or those confused with others most often."""
    between = counts[:-1, :-1] - np.diag(counts[:-1, :-1].diagonal())
    often = np.argsort(-(between.sum(0) + between.sum(1)), kind='stable')
    return sorted(often[:_MOST_SHOWN].tolist())


def _cut_out(names: tuple[str, ...], counts: np.ndarray, shown: list[int]) -> dict:
    """Their part of the matrix, the other classes added up, and each row as shares."""
    others = [label for label in range(len(names)) if label not in shown]
    parts = [[label] for label in shown] + ([others] if others else []) + [[len(names)]]
    cells = np.array([[counts[np.ix_(rows, columns)].sum() for columns in parts]
                      for rows in parts])
    total = cells.sum(1, keepdims=True)
    shares = np.divide(cells, total, out=np.zeros(cells.shape), where=total > 0)
    labels = [names[label] for label in shown] + (['other classes'] if others else [])
    return {'rows': [*labels, 'background'], 'columns': [*labels, 'missed'],
            'counts': plain(cells), 'shares': plain(shares), 'others': len(others)}
