"""Matching agrees with pycocotools' and with pictures in the head."""
import contextlib
import io

import numpy as np
import pytest
from pycocotools.cocoeval import COCOeval

from fcos_mm.evaluation import matcher
from fcos_mm.evaluation.coco_files import as_coco, results_as_coco
from fcos_mm.evaluation.matcher import match

SQUARE = [0, 0, 10, 10]
NEAR = [2, 0, 10, 10]  # IoU 80 / 120 with SQUARE


def matched(boxes, scores, truth, crowd=None, groups=None, truth_groups=None):
    crowd = [False] * len(truth) if crowd is None else crowd
    return match(
        np.array(boxes, dtype=float).reshape(-1, 4), np.array(scores, dtype=float),
        np.array([0] * len(boxes) if groups is None else groups, dtype=int),
        np.array(truth, dtype=float).reshape(-1, 4),
        np.array([0] * len(truth) if truth_groups is None else truth_groups, dtype=int),
        np.array(crowd, dtype=bool)).tolist()


def test_nothing_to_match():
    assert matched([], [], []) == []
    assert matched([], [], [SQUARE]) == []
    assert matched([SQUARE], [.9], []) == [-1]
    assert matched([[0, 0, 0, 0]], [.9], [[0, 0, 0, 0]]) == [-1]


def test_the_higher_score_chooses_first():
    assert matched([NEAR, SQUARE], [.9, .8], [SQUARE]) == [0, -1]
    assert matched([NEAR, SQUARE], [.8, .9], [SQUARE]) == [-1, 0]
    assert matched([NEAR, SQUARE], [.8, .8], [SQUARE]) == [0, -1]  # the first of equal ones


def test_the_best_free_box_is_taken():
    """The second takes the box that is left, though its IoU with the other is 1."""
    assert matched([SQUARE, SQUARE], [.9, .8], [NEAR, SQUARE]) == [1, 0]


def test_an_iou_of_one_half_suffices():
    assert matched([[0, 0, 10, 5]], [.9], [SQUARE]) == [0]
    assert matched([[0, 0, 10, 4.99]], [.9], [SQUARE]) == [-1]


def test_only_boxes_of_the_group():
    assert matched([SQUARE], [.9], [SQUARE, SQUARE], groups=[5], truth_groups=[2, 5]) == [1]
    assert matched([SQUARE], [.9], [SQUARE], groups=[5], truth_groups=[2]) == [-1]


def test_crowds_come_last_and_hold_many():
    """A detection half inside is in the crowd: 50 of its 100 pixels."""
    crowd = [0, 0, 100, 100]
    assert matched([SQUARE, SQUARE, NEAR], [.9, .8, .7], [crowd, SQUARE], [True, False]) == [
        1, 0, 0]
    assert matched([[95, 0, 10, 10], [96, 0, 10, 10]], [.9, .8], [crowd], [True]) == [0, -1]


@pytest.mark.parametrize('most_pairs', [7, 500_000], ids=['in parts', 'at once'])
@pytest.mark.parametrize('decimals', [6, 1], ids=['scores differ', 'ties of scores'])
def test_as_pycocotools(ground_truth, jitter, monkeypatch, decimals, most_pairs):
    monkeypatch.setattr(matcher, '_MOST_PAIRS', most_pairs)
    rows, known = jitter(ground_truth, 3, decimals), ground_truth['annotations']
    group = {name: number for number, name in enumerate(sorted(
        {(row['image_id'], row['category_id']) for row in rows + known}))}
    mine = match(*(np.array([row[key] for row in rows]) for key in ('bbox', 'score')),
                 np.array([group[row['image_id'], row['category_id']] for row in rows]),
                 np.array([row['bbox'] for row in known]),
                 np.array([group[row['image_id'], row['category_id']] for row in known]),
                 np.array([row['iscrowd'] for row in known], dtype=bool))
    coco = as_coco(ground_truth)
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(coco, results_as_coco(rows, coco), 'bbox')
        evaluation.params.iouThrs, evaluation.params.maxDets = np.array([0.5]), [10_000]
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ['all']
        evaluation.evaluate()
    theirs = np.full(len(rows), -1)
    for image in filter(None, evaluation.evalImgs):
        theirs[np.array(image['dtIds'], dtype=int) - 1] = image['dtMatches'][0].astype(int) - 1
    assert mine.tolist() == theirs.tolist()
    assert (mine >= 0).sum() > 100 and (mine < 0).sum() > 50
