"""Error kinds: one picture in the head for each, and plain loops over random scenes."""
from types import SimpleNamespace

import numpy as np
import pytest

from fcos_mm.evaluation.error_kinds import (
    BACKGROUND,
    BOTH,
    CLASS,
    DUPLICATE,
    IN_CROWD,
    KINDS,
    PLACE,
    RIGHT,
    ap_costs,
    error_kinds,
    nearest,
)
from fcos_mm.evaluation.matcher import Pairs, match, overlapping

BOX = [0, 0, 10, 10]
FAR = [50, 50, 60, 60]
HALF = [0, 0, 10, 4]  # IoU 0.4 with BOX
CAT, DOG = 0, 1


def found_of(*rows):
    """Detections from (box, label, score) or (box, label, score, image)."""
    rows = [(*row, 0)[:4] for row in rows]
    return SimpleNamespace(
        boxes=np.array([row[0] for row in rows], dtype=float).reshape(-1, 4),
        labels=np.array([row[1] for row in rows], dtype=int),
        scores=np.array([row[2] for row in rows], dtype=float),
        images=np.array([row[3] for row in rows], dtype=int))


def truth_of(*rows):
    """Boxes from (box, label), (box, label, crowd) or (box, label, crowd, image)."""
    rows = [(*row, *(False, 0)[len(row) - 2:]) for row in rows]
    return SimpleNamespace(
        boxes=np.array([row[0] for row in rows], dtype=float).reshape(-1, 4),
        labels=np.array([row[1] for row in rows], dtype=int),
        crowd=np.array([row[2] for row in rows], dtype=bool),
        images=np.array([row[3] for row in rows], dtype=int))


def examined(found, truth, classes=2):
    def xywh(boxes):
        return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)

    boxes, known = xywh(found.boxes), xywh(truth.boxes)
    matched = match(boxes, found.scores, found.images * classes + found.labels,
                    known, truth.images * classes + truth.labels, truth.crowd)
    overlaps = overlapping(boxes, found.images, known, truth.images, truth.crowd)
    errors = error_kinds(found, truth, matched, overlaps)
    return errors, ap_costs(found, truth, errors, np.argsort(-found.scores, kind='stable'), classes)


def test_of_equal_boxes_the_first_is_nearest():
    pairs = Pairs(np.array([0, 0, 0, 2]), np.array([5, 3, 4, 1]), np.array([.6, .6, .2, .1]))
    ious, boxes = nearest(pairs, np.ones(4, dtype=bool), 3)
    assert ious.tolist() == [.6, 0, .1] and boxes.tolist() == [3, -1, 1]


def only(**costs):
    return pytest.approx({kind: costs.get(kind, 0.) for kind in KINDS})


# One box of a cat, and one detection that is wrong in one way: AP is 0, and 1 once it is mended.
@pytest.mark.parametrize('box, label, kind, mended', [
    (BOX, DOG, CLASS, 'class'),
    (HALF, CAT, PLACE, 'place'),
], ids=['class', 'place'])
def test_an_error_that_becomes_right(box, label, kind, mended):
    errors, costs = examined(found_of((box, label, .9)), truth_of((BOX, CAT)))
    assert errors.kinds.tolist() == [kind] and errors.targets.tolist() == [0]
    assert not errors.missed().any()
    assert costs.ap == 0 and costs.kinds == only(**{mended: 1.})
    assert costs.false_positives == 0


# The box is found with a score of 0.5, and a wrong detection of 0.9 is before it: precision 1/2.
@pytest.mark.parametrize('box, label, kind, target', [
    ([0, 0, 10, 40], DOG, BOTH, 0),
    (FAR, CAT, BACKGROUND, -1),
])
def test_a_detection_too_many(box, label, kind, target):
    found = found_of((box, label, .9), (BOX, CAT, .5))
    errors, costs = examined(found, truth_of((BOX, CAT), (FAR, DOG, False, 1)))
    assert errors.kinds.tolist() == [kind, RIGHT] and errors.targets.tolist() == [target, 0]
    assert errors.missed().tolist() == [False, True]
    without = 0.5 if label == CAT else 1.0
    assert costs.ap == pytest.approx(without / 2)
    assert costs.kinds[KINDS[kind]] == pytest.approx(0.5 - without / 2)


def test_a_duplicate():
    """The second detection of a cat is before that of the other cat: 1, then 2 of 3."""
    found = found_of((BOX, CAT, .9), (BOX, CAT, .8), (FAR, CAT, .7))
    errors, costs = examined(found, truth_of((BOX, CAT), (FAR, CAT)))
    assert errors.kinds.tolist() == [RIGHT, DUPLICATE, RIGHT]
    assert errors.targets.tolist() == [0, 0, 1]
    half = (51 * 1 + 50 * 2 / 3) / 101  # recalls up to 0.50, and above
    assert costs.ap == pytest.approx(half) and costs.kinds == only(duplicate=1 - half)


def test_a_missed_box():
    """One of two boxes is found: precision 1 up to a recall of 0.5."""
    errors, costs = examined(found_of((BOX, CAT, .9)), truth_of((BOX, CAT), (FAR, CAT)))
    assert errors.missed().tolist() == [False, True]
    assert costs.ap == pytest.approx(51 / 101)
    assert costs.kinds == only(missed=50 / 101)
    assert costs.false_negatives == pytest.approx(50 / 101)


def test_a_class_of_which_all_boxes_are_missed_leaves_the_average():
    _, costs = examined(found_of((BOX, CAT, .9), (BOX, DOG, .3, 1)),
                        truth_of((BOX, CAT), (FAR, DOG)))
    assert costs.ap == pytest.approx(0.5) and costs.kinds == only(missed=0.5)


def test_place_comes_before_class():
    errors, _ = examined(found_of((HALF, CAT, .9)), truth_of((BOX, CAT), (HALF, DOG)))
    assert errors.kinds.tolist() == [PLACE] and errors.missed().tolist() == [False, True]


def test_class_comes_before_duplicate():
    found = found_of((BOX, CAT, .9), (BOX, CAT, .8))
    errors, _ = examined(found, truth_of((BOX, CAT), (BOX, DOG)))
    assert errors.kinds.tolist() == [RIGHT, CLASS] and errors.targets.tolist() == [0, 1]


def test_a_box_that_has_a_detection_keeps_it():
    """Mending the better-scored error of place would only make a duplicate: it goes."""
    found = found_of((HALF, CAT, .9), (BOX, CAT, .5))
    errors, costs = examined(found, truth_of((BOX, CAT)))
    assert errors.kinds.tolist() == [PLACE, RIGHT]
    assert costs.ap == pytest.approx(0.5) and costs.kinds == only(place=0.5)


def test_of_two_errors_about_a_box_the_better_scored_is_mended():
    """Were the other one right, it would come after a wrong one: 1/2."""
    found = found_of((HALF, CAT, .4), (HALF, CAT, .6), (FAR, CAT, .5))
    _, costs = examined(found, truth_of((BOX, CAT)))
    assert costs.ap == 0 and costs.kinds == only(place=1.)


def test_crowds_take_detections_away():
    found = found_of((HALF, CAT, .9), (BOX, DOG, .8), (FAR, CAT, .7))
    errors, costs = examined(found, truth_of((BOX, CAT, True), (FAR, CAT)))
    assert errors.kinds.tolist() == [IN_CROWD, BACKGROUND, RIGHT]
    assert not errors.missed().any()
    assert costs.ap == 1. and costs.kinds == only()


def test_among_the_detections_shown():
    """What is below the threshold neither finds a box nor is an error about it."""
    errors, _ = examined(found_of((BOX, CAT, .9), (FAR, DOG, .2)),
                         truth_of((BOX, CAT), (FAR, CAT)))
    assert errors.missed().tolist() == [False, False]
    assert errors.missed(np.array([True, False])).tolist() == [False, True]


def test_nothing_at_all():
    errors, costs = examined(found_of(), truth_of())
    assert errors.kinds.shape == (0,) and errors.missed().shape == (0,)
    assert np.isnan(costs.ap)


# ---- plain loops ----

def overlap(a, b, crowd=False):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.
    area = (a[2] - a[0]) * (a[3] - a[1])
    other = 0. if crowd else (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return width * height / (area + other)


def slow_kinds(found, truth):
    """For each detection its kind and its box; by a loop over detections, best score first."""
    free, kinds, targets = set(range(len(truth.labels))), {}, {}
    for d in sorted(range(len(found.scores)), key=lambda d: -found.scores[d]):
        here = [g for g in range(len(truth.labels)) if truth.images[g] == found.images[d]]
        iou = {g: overlap(found.boxes[d], truth.boxes[g], truth.crowd[g]) for g in here}
        boxes = [g for g in here if not truth.crowd[g]]
        own = [g for g in boxes if truth.labels[g] == found.labels[d]]
        others = [g for g in boxes if truth.labels[g] != found.labels[d]]
        nearest_own = max(own, key=iou.get, default=None)
        nearest_other = max(others, key=iou.get, default=None)
        a, b = (iou.get(g, 0.) for g in (nearest_own, nearest_other))
        fits = [g for g in own if g in free and iou[g] >= .5]
        crowds = [g for g in here if truth.crowd[g] and truth.labels[g] == found.labels[d]
                  and iou[g] >= .5]
        if fits:
            kinds[d], targets[d] = 'right', max(fits, key=iou.get)
            free.remove(targets[d])
        elif crowds:
            kinds[d] = 'crowd'
        elif .1 <= a < .5:
            kinds[d], targets[d] = 'place', nearest_own
        elif b >= .5:
            kinds[d], targets[d] = 'class', nearest_other
        elif a >= .5:
            kinds[d], targets[d] = 'duplicate', nearest_own
        elif b < .1:
            kinds[d] = 'background'
        else:
            kinds[d], targets[d] = 'both', nearest_other
    return kinds, targets


def slow_ap(rows, boxes):
    """Mean over the classes of 101 precisions; rows (score, label, right), boxes by label."""
    precisions = []
    for label, count in boxes.items():
        if count:
            hits, curve = 0, []
            ranked = sorted((row for row in rows if row[1] == label), key=lambda row: -row[0])
            for place, (_, _, right) in enumerate(ranked, start=1):
                hits += right
                curve.append((hits / count, hits / place))
            for recall in np.linspace(0, 1, 101):
                precisions.append(max((p for r, p in curve if r >= recall), default=0.))
    return sum(precisions) / len(precisions) if precisions else np.nan


def slow_costs(found, truth, kinds, targets, missed, classes):
    boxes = {c: sum(truth.labels[g] == c and not truth.crowd[g]
                    for g in range(len(truth.labels))) for c in range(classes)}

    def ap(mend):
        rows, taken = [], {targets[d] for d in kinds if kinds[d] == 'right'}
        ranked = sorted(kinds, key=lambda d: -found.scores[d])
        done = set()
        for d in ranked:
            if kinds[d] == mend and mend in ('class', 'place') and targets[d] not in taken:
                taken.add(targets[d])
                done.add(d)
        for d in sorted(kinds):
            if d in done:
                rows.append((found.scores[d], truth.labels[targets[d]], True))
            elif kinds[d] not in (mend, 'crowd'):
                rows.append((found.scores[d], found.labels[d], kinds[d] == 'right'))
        left = dict(boxes)
        for g in missed if mend == 'missed' else ():
            left[truth.labels[g]] -= 1
        if mend == 'all wrong':
            rows = [row for row in rows if row[2]]
        if mend == 'all not found':
            left = {c: sum(truth.labels[g] == c for g in taken) for c in left}
        return slow_ap(rows, left)

    return {mend: ap(mend) - (mend and ap(None) or 0)
            for mend in (None, *KINDS, 'all wrong', 'all not found')}


def scene(seed):
    """Three images, three classes, boxes close together, detections around them; ties of scores."""
    random = np.random.default_rng(seed)
    truth, found = [], []
    for image in range(3):
        for _ in range(random.integers(0 if image else 1, 6)):
            corner, sides = random.uniform(0, 30, 2), random.uniform(5, 25, 2)
            box, label = np.concatenate([corner, corner + sides]), int(random.integers(3))
            truth.append((box, label, bool(truth) and random.random() < .15, image))
            for _ in range(random.integers(0, 5)):
                moved = box + random.normal(0, .15, 4) * np.tile(sides, 2)
                other = int(random.integers(3)) if random.random() < .3 else label
                found.append((moved, other, np.round(random.random(), 1), image))
        corner = random.uniform(0, 80, 2)
        found.append((np.concatenate([corner, corner + 9]), int(random.integers(3)), .4, image))
    return found_of(*found), truth_of(*truth)


@pytest.mark.parametrize('seed', range(40))
def test_as_plain_loops(seed):
    found, truth = scene(seed)
    errors, costs = examined(found, truth, classes=3)
    kinds, targets = slow_kinds(found, truth)
    names = {place: name for place, name in enumerate(KINDS)} | {RIGHT: 'right', IN_CROWD: 'crowd'}
    assert [names[kind] for kind in errors.kinds.tolist()] == [kinds[d] for d in sorted(kinds)]
    about = [targets[d] for d in kinds if kinds[d] in ('right', 'class', 'place')]
    missed = [g for g in range(len(truth.labels)) if not truth.crowd[g] and g not in about]
    assert np.flatnonzero(errors.missed()).tolist() == missed
    slow = slow_costs(found, truth, kinds, targets, missed, classes=3)
    assert {None: costs.ap, **costs.kinds, 'all wrong': costs.false_positives,
            'all not found': costs.false_negatives} == pytest.approx(
                slow, abs=1e-9, nan_ok=True)
    assert min(costs.kinds.values()) >= -1e-12  # no oracle takes precision away
