"""Which boxes are found well: by size, by overlap with others, by position in the picture."""
import numpy as np

from fcos_mm.datasets.statistics.pairs import largest_ious
from fcos_mm.evaluation import box_groups
from fcos_mm.evaluation.group_precision import BoxGroups
from fcos_mm.evaluation.matcher import Pairs, to_xywh
from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.plain import plain
from fcos_mm.report.precision import areas, coco_sizes, group_precision
from fcos_mm.report.results import Boxes, Results


def groups(inputs: ReportInputs) -> Chapter | None:
    """AP, AP50 and recall of groups of boxes; None without boxes.

    AP as COCO's evaluation computes it for small, medium and large boxes: boxes outside of the
    group are ignored, so are detections that take them, and detections that take no box and are
    outside of the group themselves. Recall is the share of the group's boxes that are found at an
    IoU of 0.5 with the score threshold of the best F1 of all classes together.
    """
    results = inputs.results
    if results.truth.crowd.all():
        return None
    numbers = {name: _rows(results, group) for name, group in _groups(results).items()}
    return Chapter('groups', 'Size, overlap, position', {
        'threshold': results.best_f1.overall.threshold, **numbers}, 'report/groups.html')


def _groups(results: Results) -> dict[str, BoxGroups]:
    truth, found, overlaps = results.truth, results.found, results.overlaps
    sides = (np.sqrt(areas(part.boxes)) for part in (truth, found))
    real = ~truth.crowd[overlaps.known]
    return {
        'coco_size': coco_sizes(results), 'size': box_groups.by_side(*sides, truth.crowd),
        'overlap': box_groups.by_overlap(
            _overlap(truth), Pairs(*(column[real] for column in overlaps)), len(found.boxes)),
        'position': box_groups.by_position(_centers(results, truth), _centers(results, found))}


def _overlap(truth: Boxes) -> np.ndarray:
    """The largest IoU of each box (G,) with another one of its image; crowds are none."""
    overlap = np.zeros(len(truth.boxes))
    overlap[~truth.crowd] = largest_ious(to_xywh(truth.boxes[~truth.crowd]),
                                         truth.images[~truth.crowd])
    return overlap


def _centers(results: Results, part) -> np.ndarray:
    """Centers of boxes (N, 2) as shares of the picture's sides."""
    sides = np.array([(image.width, image.height) for image in results.images], dtype=np.float64)
    return (part.boxes[:, :2] + part.boxes[:, 2:]) / 2 / sides[part.images]


def _rows(results: Results, groups: BoxGroups) -> list[dict]:
    precision = group_precision(results, groups)
    boxes = precision.boxes.sum(0).tolist()
    found = ~results.truth.crowd & ~results.missed
    hits = (groups.boxes & found[:, None]).sum(0).tolist()
    return [{'name': name, 'boxes': count, 'ap': ap, 'ap50': ap50,
             'recall': hit / count if count else None}
            for name, count, ap, ap50, hit in zip(groups.names, boxes, plain(precision.mean),
                                                  plain(precision.at_half), hits)]
