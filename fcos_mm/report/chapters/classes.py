"""Which classes are found well: AP, and precision and recall at the best threshold."""
import numpy as np

from fcos_mm.evaluation.box_groups import everything
from fcos_mm.evaluation.score_threshold import BestF1
from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.plain import plain
from fcos_mm.report.precision import group_precision
from fcos_mm.report.results import Results


def classes(inputs: ReportInputs) -> Chapter:
    """A row for each class and one for all.

    AP is that of COCO's evaluation: over all classes the mean of those that have boxes. Precision,
    recall and F1 hold at the score threshold with the best F1 at an IoU of 0.5, of the class in
    its row, of all classes together in the first.
    """
    return Chapter('classes', 'Classes', {'rows': class_rows(inputs.results)},
                   'report/classes.html')


def class_rows(results: Results) -> list[dict]:
    """Of all classes together, named ``'all'``, and of each: what its row of the table shows."""
    truth = results.truth
    ap = group_precision(results, everything(len(truth.boxes), len(results.found.boxes)))
    images = np.unique(np.stack([truth.labels, truth.images])[:, ~truth.crowd], axis=1)  # (2, n)
    with_it = np.bincount(images[0], minlength=len(results.classes))
    best = results.best_f1
    return [
        _row('all', ap.mean[0], ap.at_half[0], len(np.unique(images[1])), best.overall),
        *(_row(name, ap.precision[label, 0].mean(), ap.precision[label, 0, 0], with_it[label],
               best.classes[name]) for label, name in enumerate(results.classes))]


def _row(name: str, ap: float, ap50: float, images: int, best: BestF1) -> dict:
    return {'name': name, 'ap': plain(ap), 'ap50': plain(ap50), 'boxes': best.boxes,
            'images': int(images), 'precision': best.precision, 'recall': best.recall,
            'f1': best.f1, 'threshold': best.threshold}
