"""AP of groups of boxes equals pycocotools' for its ranges of area, class by class."""
import contextlib
import io

import numpy as np
import pytest
from pycocotools.cocoeval import COCOeval

from fcos_mm.evaluation.box_groups import by_coco_area, everything
from fcos_mm.evaluation.coco_files import as_coco, results_as_coco
from fcos_mm.evaluation.group_precision import (
    IOUS,
    BoxGroups,
    mean_of_known,
    precision_of_groups,
)
from fcos_mm.evaluation.matcher import overlapping


def column(rows, key):
    return np.array([row[key] for row in rows])


def measured(truth, rows, groups):
    """Rows of images in the order of their ids; labels are places among the categories' ids."""
    known, labels = truth['annotations'], sorted(entry['id'] for entry in truth['categories'])
    crowd, scores = column(known, 'iscrowd').astype(bool), column(rows, 'score')
    pairs = overlapping(column(rows, 'bbox'), column(rows, 'image_id'), column(known, 'bbox'),
                        column(known, 'image_id'), crowd)
    return precision_of_groups(
        scores=scores, labels=np.searchsorted(labels, column(rows, 'category_id')),
        order=np.argsort(-scores, kind='stable'),
        box_labels=np.searchsorted(labels, column(known, 'category_id')), crowd=crowd, pairs=pairs,
        groups=groups, classes=len(labels))


@pytest.mark.parametrize('decimals', [6, 1], ids=['scores differ', 'ties of scores'])
def test_sizes_as_pycocotools(ground_truth, jitter, decimals):
    rows, known = jitter(ground_truth, 5, decimals), ground_truth['annotations']
    coco = as_coco(ground_truth)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(coco, results_as_coco(rows, coco), 'bbox')
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    theirs = evaluation.eval['precision'][..., 2]  # (T, R, C, A)
    theirs = np.where(theirs < 0, np.nan, theirs).mean(1).transpose(1, 2, 0)  # (C, A, T)
    found_areas = column(rows, 'bbox')[:, 2:].prod(1)
    sizes, whole = by_coco_area(column(known, 'area'), found_areas), everything(
        len(known), len(rows))
    mine = measured(ground_truth, rows, BoxGroups(
        whole.names + sizes.names, np.hstack([whole.boxes, sizes.boxes]),
        np.hstack([whole.detections, sizes.detections])))
    np.testing.assert_allclose(mine.precision, theirs, rtol=0, atol=1e-9)
    np.testing.assert_allclose(mine.mean, evaluation.stats[[0, 3, 4, 5]], rtol=0, atol=1e-9)
    assert mine.at_half[0] == pytest.approx(evaluation.stats[1], abs=1e-9)
    assert np.isnan(mine.precision).any() and len(set(mine.mean.round(3))) == 4


def entry(box, score=None, crowd=0):
    return dict(image_id=1, category_id=1, bbox=box, iscrowd=crowd, score=score)


def of_group(known, rows, boxes, detections):
    """AP50 of the group that holds these boxes and these detections."""
    truth = dict(annotations=known, categories=[dict(id=1)])
    return measured(truth, rows, BoxGroups(
        ('group', ), np.array(boxes, dtype=bool)[:, None],
        np.array(detections, dtype=bool)[:, None])).precision[0, 0, 0]


A, B, FAR = [0., 0, 10, 10], [50., 0, 10, 10], [200., 0, 10, 10]


def test_detections_of_boxes_outside_do_not_count():
    """Only box A is in the group: the better scored detection of B is neither right nor wrong."""
    assert of_group([entry(A), entry(B)], [entry(B, .9), entry(A, .8)], [1, 0], [1, 1]) == 1


def test_a_wrong_detection_counts_in_its_own_group():
    rows = [entry(FAR, .9), entry(A, .8)]
    assert of_group([entry(A)], rows, [1], [1, 1]) == .5
    assert of_group([entry(A)], rows, [1], [0, 1]) == 1


def test_a_box_outside_is_taken_once_and_a_crowd_often():
    """The second detection of B finds it taken and is wrong, unless B is a crowd."""
    rows = [entry(B, .9), entry(B, .85), entry(A, .8)]
    assert of_group([entry(A), entry(B)], rows, [1, 0], [1, 1, 1]) == .5
    assert of_group([entry(A), entry(B, crowd=1)], rows, [1, 1], [1, 1, 1]) == 1


def test_a_box_of_the_group_is_preferred():
    """The detection covers the box outside fully, the one in the group with an IoU of 0.6."""
    inside, outside = [0., 0, 10, 6], [0., 0, 10, 10]
    known, rows = [entry(outside), entry(inside)], [entry(outside, .9)]
    truth = dict(annotations=known, categories=[dict(id=1)])
    found = measured(truth, rows, BoxGroups(('group', ), np.array([[False], [True]]),
                                            np.array([[True]])))
    assert found.precision[0, 0].tolist() == [1, 1, 1, *[0] * 7]  # 0.5, 0.55 and 0.6
    assert IOUS[2] <= .6


def test_mean_of_known():
    values = np.array([[1, np.nan, 0], [.5, np.nan, np.nan]])
    np.testing.assert_array_equal(mean_of_known(values), [.75, np.nan, 0])
