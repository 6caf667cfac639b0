"""Each rule speaks where it should, names the number, and is silent otherwise."""
import pytest

from fcos_mm.report import hints as rules

SMALL = dict(side=32, boxes=40, missed=20, other_boxes=100, other_missed=10)
SPLITS = [['train', 9, 120], ['val', 3, 39]]


def summary(**changes):
    return {'summary': dict(dict(precision=dict(AP50=.8), images=100, small=SMALL,
                                 best=dict(threshold=.3)), **changes)}


def curves(precision=(), loss=()):
    return {'curves': dict(
        precision=[dict(name='AP50', x=[], y=[9.]), dict(name='AP', x=[], y=list(precision))],
        losses=[dict(name='loss', x=[], y=list(loss))])}


@pytest.mark.parametrize('precision, says', [(.05, 'AP50 is 0.050'), (.1, None), (None, None)])
def test_finds_nothing(precision, says):
    check(rules.finds_nothing(summary(precision=dict(AP50=precision))), says)


@pytest.mark.parametrize('precision, loss, says', [
    ([.2, .5, .4, .3], [4, 3, 2, 1], 'fell from 0.500 to 0.300'),
    ([.2, .5, .4, .3], [4, 1, 2, 2], None),  # the loss rises too: it diverges
    ([.2, .3, .31, .3], [4, 3, 2, 1], None),  # noise
    ([.2, .5, .3], [4, 3, 2, 1], None)])  # too short to tell
def test_overfits(precision, loss, says):
    check(rules.overfits(curves(precision, loss)), says)


@pytest.mark.parametrize('precision, says', [
    ([.1, .2, .3, .4], 'by 0.100 over the last validation.'),
    ([.0, .1, .1, .2, .3, .3, .35, .35], 'by 0.050 over the last 2 validations.'),
    ([.1, .3, .395, .4], None), ([.1, .9], None), ([None, .1, None], None)])
def test_still_rises(precision, says):
    check(rules.still_rises(curves(precision)), says)


@pytest.mark.parametrize('small, says', [
    (SMALL, '20 of the 40 boxes below 32 x 32 pixels are missed (50%, against 10% of the larger '
            'ones)'),
    (dict(SMALL, boxes=19, missed=15), None),  # too few to tell
    (dict(SMALL, other_boxes=30), None),  # large ones are missed as well
    (dict(SMALL, missed=10), None),  # not most of what is missed
    (dict(side=None), None)])
def test_misses_small_boxes(small, says):
    check(rules.misses_small_boxes(summary(small=small)), says)


@pytest.mark.parametrize('costs, says', [
    (dict(duplicate=.06, missed=.05, both=.9), 'Duplicates cost the most, 0.060 AP50'),
    (dict(missed=.05, place=None), 'Missed boxes cost the most, 0.050 AP50'),
    (dict(missed=.02), None), ({}, None)])
def test_errors_cost(costs, says):
    check(rules.errors_cost({'errors': {'costs': costs}}), says)


@pytest.mark.parametrize('sure, precision, says', [
    ((2, 3), .5, 'the model is very sure of 5.'), ((2, 3), .4, None), ((2, 3), None, None),
    ((0, 0), .5, None)])
def test_labels_are_doubtful(sure, precision, says):
    reasons = dict(zip('ab', [dict(count=9, sure=count) for count in sure]))
    check(rules.labels_are_doubtful({**summary(precision=dict(AP50=precision)),
                                     'label_faults': {'reasons': reasons}}), says)


@pytest.mark.parametrize('rows, says', [
    ([('all', .5, .8, 90), ('cup', .3, .7, 45), ('jar', .7, .9, 45)],
     'cup: AP 0.300, against 0.500 over all classes. Add images'),
    ([('all', .5, .8, 90), ('cup', .3, .8, 45), ('jar', .7, .8, 45)],
     'found as well as others (AP50 0.800), but its boxes are inaccurate'),
    ([('all', .5, .8, 90), ('cup', .3, .7, 19), ('jar', .7, .9, 71)], None),  # too few to tell
    ([('all', .5, .8, 90), ('cup', .45, .8, 45), ('jar', .55, .8, 45)], None)])
def test_class_is_weak(rows, says):
    rows = [dict(zip(('name', 'ap', 'ap50', 'boxes'), row)) for row in rows]
    check(rules.class_is_weak({'classes': {'rows': rows}}), says)


@pytest.mark.parametrize('rows, says', [
    ([['cup', 100, 19], ['jar', 20, 20]], 'val: fewer than 20 boxes of cup.'),
    ([[name, 1] for name in 'abcdefg'], 'train: fewer than 20 boxes of a, b, c, d, e and 2 more.'),
    ([['cup', 20, 20]], None), ([['cup']], None)])  # no split could be read
def test_classes_are_rare(rows, says):
    run = {'classes': rows, 'splits': SPLITS[:len(rows[0]) - 1]}
    check(rules.classes_are_rare({'run': run}), says)


@pytest.mark.parametrize('images, says', [
    (1, 'on only 1 image:'), (49, 'on only 49 images:'), (50, None)])
def test_images_are_few(images, says):
    check(rules.images_are_few(summary(images=images)), says)


def test_where_chapters_are_missing_no_rule_fails():
    assert rules.hints(summary(small=dict(side=None), best=dict(threshold=None))) == []


def test_at_most_five_the_most_urgent_first():
    shown = rules.hints({
        **summary(precision=dict(AP50=.05), images=9), **curves([.1, .2, .3, .4], [4, 3, 2, 1]),
        'run': {'classes': [['cup', 1]], 'splits': SPLITS[:1]}, 'pictures': {}})
    assert len(shown) == 5
    assert shown[0].startswith('AP50 is 0.050') and shown[1].startswith('AP was still rising')


def check(hint, says):
    if says is None:
        assert hint is None
    else:
        assert says in hint
