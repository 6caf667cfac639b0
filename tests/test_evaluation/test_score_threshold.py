"""The score threshold of the best F1, against a search through all scores."""
import json

import numpy as np
import pytest

from fcos_mm.evaluation.coco_files import as_coco
from fcos_mm.evaluation.score_threshold import (
    BestF1,
    F1OfClasses,
    ScoreThresholds,
    best_f1,
    best_f1_of_classes,
)


def best(scores, right, boxes):
    return best_f1(np.array(scores, dtype=float), np.array(right, dtype=bool), boxes)


def test_by_hand():
    """Of 4 boxes: F1 after each detection is 2/5, 4/6, 4/7, 6/8, 6/9."""
    assert best([.9, .8, .7, .6, .5], [1, 1, 0, 1, 0], 4) == BestF1(4, 3 / 4, 3 / 4, 3 / 4, .6)


def test_order_of_the_detections_does_not_matter():
    assert best([.5, .7, .6, .9, .8], [0, 0, 1, 1, 1], 4) == BestF1(4, 3 / 4, 3 / 4, 3 / 4, .6)


def test_equal_scores_are_accepted_together():
    """The first alone would have precision 1; no threshold parts it from the second."""
    assert best([.8, .8, .1], [1, 0, 0], 1) == BestF1(1, 1 / 2, 1, 2 / 3, .8)


def test_of_equally_good_thresholds_the_highest():
    """Of 3 boxes: F1 is 2/4 after the first detection and 4/8 after the last."""
    assert best([.9, .8, .7, .6, .5], [1, 0, 0, 0, 1], 3).threshold == .9


@pytest.mark.parametrize('scores, right, boxes', [
    ([], [], 0), ([], [], 3), ([.9], [0], 0), ([.9, .8], [0, 0], 3)])
def test_nothing_is_right(scores, right, boxes):
    assert best(scores, right, boxes) == BestF1(boxes, 0, 0, 0, None)


@pytest.mark.parametrize('score, below, threshold', [
    (0.12345, 0.1, 0.123), (0.12345, 0.1233, 0.12345), (0.5, 0.4, 0.5), (0.00001, 0., 0.00001),
    (float(np.float32(0.3)), 0.1, 0.3)])
def test_threshold_is_rounded_down_where_nothing_else_gets_in(score, below, threshold):
    assert best([score, below], [1, 0], 1).threshold == threshold


@pytest.mark.parametrize('seed', range(20))
@pytest.mark.parametrize('decimals', [1, 7])
def test_no_threshold_is_better(seed, decimals):
    random = np.random.default_rng(seed)
    scores, boxes = random.random(60).round(decimals), 40
    right = random.random(60) < scores
    f1 = {}
    for threshold in [*scores, 2.]:
        hit, kept = (right & (scores >= threshold)).sum(), (scores >= threshold).sum()
        f1[threshold] = 2 * hit / (kept + boxes)
    found = best(scores, right, boxes)
    kept = scores >= found.threshold
    assert found.f1 == max(f1.values())
    assert found.precision == right[kept].mean() and found.recall == right[kept].sum() / boxes
    assert f1[scores[kept].min()] == found.f1


def known(*boxes):
    """Two images of classes 7 and 3 in this order, and what is annotated: image, class, x."""
    return as_coco(dict(
        images=[dict(id=image, width=99, height=99) for image in (1, 2)],
        categories=[dict(id=key, name=f'class {key}') for key in (7, 3, 5)],
        annotations=[dict(id=place, image_id=image, category_id=category, iscrowd=int(bool(crowd)),
                          bbox=[x, 0, 10, 10], area=100)
                     for place, (image, category, x, *crowd) in enumerate(boxes)]))


def predicted(image, *found):
    """Detections: label, x, score."""
    found = np.array(found, dtype=np.float32).reshape(-1, 3)
    boxes = np.zeros((len(found), 4), dtype=np.float32)
    boxes[:, 0], boxes[:, 2], boxes[:, 3] = found[:, 1], found[:, 1] + 10, 10
    return dict(img_id=image, bboxes=boxes, scores=found[:, 2], labels=found[:, 0].astype(int))


def of_classes(truth, *predictions, images=(1, 2)):
    overall, classes = best_f1_of_classes(truth, predictions, images, dict(cup=7, jar=3, box=5))
    assert list(classes) == ['cup', 'jar', 'box']
    return overall, list(classes.values())


def test_classes_and_all_together():
    """Class 7: 2 of 3 found without a mistake. Class 3: 1 of 1 after a wrong one."""
    truth = known((1, 7, 0), (1, 7, 20), (2, 7, 0), (2, 3, 50))
    overall, classes = of_classes(
        truth, predicted(2, (0, 0, .75), (1, 50, .25)), predicted(1, (0, 0, .5), (1, 0, .625)))
    assert classes == [BestF1(3, 1, 2 / 3, 4 / 5, .5), BestF1(1, 1 / 2, 1, 2 / 3, .25), BestF1(0)]
    assert overall == BestF1(4, 3 / 4, 3 / 4, 3 / 4, .25)


def test_crowds_and_detections_in_them_do_not_count():
    overall, classes = of_classes(
        known((1, 7, 0), (1, 7, 40, True)), predicted(1, (0, 40, .75), (0, 40, .625), (0, 0, .5)))
    assert overall == classes[0] == BestF1(1, 1, 1, 1, .5)


def test_other_images_and_categories_do_not_count():
    truth = known((1, 7, 0), (2, 7, 0), (1, 4, 0))
    assert of_classes(truth, predicted(1, (0, 0, .5)), images=[1])[0] == BestF1(1, 1, 1, 1, .5)


def test_images_without_boxes_and_detections():
    assert of_classes(known(), predicted(1), predicted(2)) == (BestF1(0), [BestF1(0)] * 3)
    assert of_classes(known((1, 7, 0)), predicted(1))[0] == BestF1(1)
    assert of_classes(known(), predicted(1, (0, 0, .5)))[0] == BestF1(0)


def test_thresholds_of_the_classes_that_were_found():
    found = F1OfClasses(BestF1(4, .5, .5, .5, .25), dict(cup=BestF1(3, 1, 1, 1, .5), jar=BestF1(1)))
    assert found.thresholds() == ScoreThresholds(.25, .5, dict(cup=.5))
    assert F1OfClasses(BestF1(4), dict(cup=BestF1(4))).thresholds() is None


def test_table():
    found = F1OfClasses(BestF1(1200, .5, .25, 1 / 3, .125), dict(jar=BestF1(0)))
    assert found.rows() == [
        ['category', 'boxes', 'precision', 'recall', 'F1', 'score threshold'],
        ['(all)', '1,200', '0.500', '0.250', '0.333', '0.125'],
        ['jar', '0', '0.000', '0.000', '0.000', '']]
    assert [row[2] for row in found.rows(dict(jar=float('nan')))] == ['AP', '', 'nan']


def test_a_checkpoint_holds_plain_numbers():
    thresholds = ScoreThresholds(.25, .5, {'Tasse ☕': .5})
    meta = dict(epoch=3, **thresholds.to_meta())
    assert json.loads(json.dumps(meta)) == dict(epoch=3, score_thresholds=dict(
        overall=.25, f1=.5, classes={'Tasse ☕': .5}))
    assert ScoreThresholds.from_meta(meta) == thresholds


@pytest.mark.parametrize('meta', [
    {}, None, dict(score_thresholds=None), dict(score_thresholds=dict(overall=.5)),
    dict(score_thresholds=dict(overall='.5', f1=.5, classes={})),
    dict(score_thresholds=dict(overall=.5, f1=.5, classes={3: .5})),
    dict(score_thresholds=dict(overall=.5, f1=.5, classes=dict(cup=None)))], ids=str)
def test_what_is_no_threshold_is_not_read(meta):
    assert ScoreThresholds.from_meta(meta) is None
