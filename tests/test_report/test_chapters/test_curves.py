"""The learning curves hold what was logged."""
from types import SimpleNamespace

import pytest

from fcos_mm.report.chapters.curves import best_point, curves, thinned

LOGS = [
    dict(step=10, iter=10, epoch=1, loss=3., loss_cls=2., lr=.1, loss_centerness=.7,
         centerness_above_floor=.1, time=1.),
    {'step': 1, 'coco/bbox_mAP': .2, 'coco/bbox_mAP_50': .4, 'coco/cup_precision': .3},
    dict(step=20, iter=20, epoch=2, loss=float('nan'), loss_cls=1., lr=.01, grad_norm=4.),
    {'step': 2, 'coco/bbox_mAP': .1, 'coco/bbox_mAP_50': .5}]


def test_lines():
    numbers = curves(SimpleNamespace(logs=LOGS)).numbers
    assert numbers['losses'] == [
        dict(name='loss', x=[10, 20], y=[3, None]), dict(name='loss_cls', x=[10, 20], y=[2, 1]),
        dict(name='loss_centerness', x=[10], y=[.7])]
    assert numbers['centerness'] == [
        dict(name='loss', x=[10], y=[.7]), dict(name='loss above its floor', x=[10], y=[.1])]
    assert numbers['learning_rate'] == [dict(name='learning rate', x=[10, 20], y=[.1, .01])]
    assert numbers['gradient_norm'] == [dict(name='gradient norm', x=[20], y=[4])]
    assert numbers['precision'] == [
        dict(name='AP', x=[1, 2], y=[.2, .1]), dict(name='AP50', x=[1, 2], y=[.4, .5])]
    assert numbers['unit'] == 'epoch' and numbers['best'] == dict(x=1, y=.2)


def test_training_by_iterations_without_validation():
    numbers = curves(SimpleNamespace(logs=[dict(step=5, iter=5, loss=1.)])).numbers
    assert (numbers['unit'], numbers['precision'], numbers['best']) == ('iteration', [], None)


def test_no_training():
    assert curves(SimpleNamespace(logs=[])) is None


@pytest.mark.parametrize('values, most, expected', [
    ([1, 2, 3, 4, 5], 2, [2, 4.5]), ([1, 2], 2, [1, 2]), ([1, float('inf')], 2, [1, None])])
def test_long_logs_are_averaged(values, most, expected):
    assert thinned(values, most) == expected


def test_the_first_of_several_best_points():
    line = dict(name='AP', x=[1, 2, 3], y=[None, .5, .5])
    assert best_point([dict(name='AP50', x=[1], y=[.9]), line]) == dict(x=2, y=.5)
