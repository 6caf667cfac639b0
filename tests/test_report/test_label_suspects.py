"""Suspected label faults: each reason by hand, and planted faults among many sound labels."""
from dataclasses import replace

import numpy as np
import pytest

from fcos_mm.evaluation.label_faults import Suspect
from fcos_mm.report.results import Boxes, Found, Image, Results

CAT, DOG, PIG = range(3)
HERE, THERE = [0, 0, 100, 100], [200, 0, 300, 100]
LARGE = [0, 200, 100, 300]


def results_of(truth, found):
    """Boxes are rows (corners, label), (.., crowd), (.., image); detections (.., score, image)."""
    truth = [(*row, *(False, 0)[len(row) - 2:]) for row in truth]
    found = [(*row, 0)[:4] for row in found]
    boxes, labels, crowd, images = list(zip(*truth)) or [()] * 4
    corners, classes, scores, places = list(zip(*found)) or [()] * 4
    return Results(
        ('cat', 'dog', 'pig'), [Image(place, f'{place}.jpg', 400, 400) for place in range(40)],
        Boxes(np.array(boxes, dtype=float).reshape(-1, 4), np.array(labels, dtype=int),
              np.array(images, dtype=int), np.array(crowd, dtype=bool), list(range(len(labels)))),
        Found(np.array(corners, dtype=float).reshape(-1, 4), np.array(scores, dtype=float),
              np.array(classes, dtype=int), np.array(places, dtype=int)))


def reasons(truth, found):
    return [suspect.reason for suspect in results_of(truth, found).suspects]


def test_a_missing_box():
    """Below it, all 3 of 4 detections are right; it is above the best threshold, 0.3."""
    results = results_of([(HERE, CAT), (THERE, CAT), (LARGE, DOG)],
                         [(HERE, CAT, .9), ([200, 200, 300, 300], DOG, .8), (THERE, CAT, .7),
                          (LARGE, DOG, .3), ([330, 330, 390, 390], PIG, .2)])
    assert results.best_f1.overall.threshold == .3
    assert results.suspects == [Suspect('missing box', .75, 0, detection=1)]


@pytest.mark.parametrize('height, expected', [(29, ['missing box']), (30, [])])
@pytest.mark.parametrize('label', [CAT, DOG])
def test_near_a_box_nothing_is_missing(label, height, expected):
    """IoU 0.29 and 0.30 with the box, whatever the classes."""
    truth = [(HERE, CAT), (THERE, CAT), (LARGE, CAT)]
    found = [(THERE, CAT, .9), ([0, 0, 100, height], label, .8), (HERE, CAT, .7), (LARGE, CAT, .6)]
    assert reasons(truth, found) == expected


@pytest.mark.parametrize('height, count', [(30, 1), (29, 2)])
def test_a_missing_box_is_named_once(height, count):
    """By the better of two detections with an IoU of 0.30, of whatever classes."""
    truth = [(box, CAT) for box in (THERE, LARGE, [200, 200, 300, 300])]
    found = [(THERE, CAT, .9), ([0, 0, 100, height], DOG, .8), (HERE, CAT, .85),
             *((box, CAT, .6) for box, _ in truth[1:])]
    suspects = results_of(truth, found).suspects
    assert [suspect.detection for suspect in suspects] == [2, 1][:count]


def test_a_wrong_class():
    results = results_of([(HERE, CAT), (THERE, CAT)], [(THERE, CAT, .9), (HERE, DOG, .95)])
    assert results.suspects == [Suspect('wrong class', .5, 0, box=0, detection=1)]


def test_a_box_is_named_once_for_its_class():
    results = results_of([(HERE, CAT), (THERE, CAT)],
                         [(THERE, CAT, .2), (HERE, DOG, .8), (HERE, PIG, .9)])
    assert results.suspects == [Suspect('wrong class', pytest.approx(1 / 3), 0, 0, 2)]


@pytest.mark.parametrize('score, expected', [(.8, []), (.96, ['wrong class'])])
def test_the_class_of_the_box_must_not_score_higher(score, expected):
    truth = [(HERE, CAT), (THERE, CAT)]
    assert reasons(truth, [(THERE, CAT, .1), (HERE, CAT, .95), (HERE, DOG, score)]) == expected


def test_what_is_below_the_threshold_contradicts_nothing():
    assert reasons([(HERE, CAT), (THERE, CAT)],
                   [(HERE, CAT, .9), (THERE, CAT, .8), (THERE, DOG, .2), (LARGE, DOG, .2)]) == []


def test_no_object():
    """One cat of three is covered by no detection: suspicion 2 of 3.

    The dog is found with a low score, the pig by a dog, which is enough.
    """
    tiny = [350, 350, 360, 360]
    truth = [(HERE, CAT), (THERE, CAT), (LARGE, CAT), ([200, 200, 300, 300], DOG), (tiny, PIG)]
    found = [(HERE, CAT, .9), (THERE, CAT, .8), ([200, 200, 300, 300], DOG, .01),
             (tiny, DOG, .001), ([0, 200, 40, 300], CAT, .001)]
    assert results_of(truth, found).suspects == [Suspect('no object', pytest.approx(2 / 3), 0, 2)]


def test_an_uncovered_box_of_a_class_that_is_hardly_found_says_nothing():
    """One cat of two is covered: as many suspicions would be right as wrong."""
    assert results_of([(HERE, CAT), (THERE, CAT)], [(HERE, CAT, .9)]).suspects == []


def test_double_boxes():
    """IoU 92 / 100, of any classes; 90 / 100 is not above 0.9."""
    truth = [(HERE, CAT), ([0, 0, 92, 100], DOG), (THERE, CAT), ([200, 0, 290, 100], CAT)]
    found = [(box, label, .9 - place / 10) for place, (box, label) in enumerate(truth)]
    assert results_of(truth, found).suspects == [Suspect('double box', .92, 0, 0, other=1)]


def test_crowds_are_left_out():
    truth = [(HERE, CAT, True), (HERE, CAT, True), (THERE, CAT)]
    assert reasons(truth, [(HERE, CAT, .9), (THERE, CAT, .5)]) == []


def test_a_detector_that_finds_nothing_contradicts_nothing():
    assert reasons([(HERE, CAT)], []) == [] == reasons([], [(HERE, CAT, .9)])


def test_planted_faults_come_first():
    """40 images of 9 boxes, of which 60 are not found; 40 detections of low scores are wrong.

    5 boxes are deleted, 5 get another class, 5 are there twice: they are the first 15. 5 are added
    on background: they are among the boxes that are not found.
    """
    random = np.random.default_rng(1)
    grid = [[x, y, x + 60, y + 60] for x in (10, 140, 270) for y in (10, 140, 270)]
    truth = [(box, int(random.integers(3)), False, image) for image in range(40) for box in grid]
    seen = random.permutation(len(truth))[:300]
    found = [(np.add(truth[box][0], random.uniform(-4, 4, 4)), truth[box][1],
              random.uniform(.5, 1), truth[box][3]) for box in seen.tolist()]
    found += [([340, 340, 390, 390], CAT, random.uniform(0, .4), image) for image in range(40)]
    results = results_of(truth, found)
    kept, swapped, added, doubled = (np.setdiff1d(np.arange(len(truth)), seen[:5]),
                                     *np.split(seen[5:20], 3))
    labels = results.truth.labels.copy()
    labels[swapped] = (labels[swapped] + 1) % 3
    rows = np.concatenate([kept, added, doubled])
    moved = np.repeat([0, 65, 1], [len(kept), 5, 5])[:, None]
    planted = replace(results, truth=Boxes(
        results.truth.boxes[rows] + moved, labels[rows], results.truth.images[rows],
        results.truth.crowd[rows], rows.tolist()))
    assert {suspect.reason for suspect in results.suspects} == {'no object'}
    count = [suspect.reason for suspect in planted.suspects].count
    first = [suspect.reason for suspect in planted.suspects[:15]].count
    for reason in ('missing box', 'wrong class', 'double box'):
        assert count(reason) == first(reason) == 5
    assert count('no object') == 65
    boxes = {suspect.box for suspect in planted.suspects if suspect.reason == 'no object'}
    assert set(range(len(kept), len(kept) + 5)) <= boxes
