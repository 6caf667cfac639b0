"""Weights of other classes: rows by name, compared row by row."""
import pytest
import torch
from torch import nn

from fcos_mm.checkpoints.class_rows import check_classes, keep_rows
from fcos_mm.checkpoints.fit import TakenWeights
from fcos_mm.errors import UserError

OLD, NEW = ('cat', 'dog', 'cow'), ('dog', 'hen', 'cat', 'pig')


def model_of(part='bbox_head', **layers):
    """A model with a backbone and, in ``part``, linear layers of so many rows: i, i, i in row i."""
    model = nn.Module()
    model.backbone = nn.Linear(3, 5)
    head = nn.Module()
    for name, rows in layers.items():
        layer = nn.Linear(3, rows)
        layer.weight.data = torch.arange(rows)[:, None].repeat(1, 3).float()
        layer.bias.data = torch.arange(rows).float()
        head.add_module(name, layer)
    model.add_module(part, head)
    return model


def saved(model, classes=OLD):
    """A checkpoint of the model; its row i has 100 + i instead of i."""
    weights = {name: value + 100 for name, value in model.state_dict().items()}
    return dict(state_dict=weights, meta=dict(dataset_meta=dict(classes=classes)))


@pytest.mark.parametrize('layer, before, now, rows', [
    # dog 1, hen, cat 0, pig
    ('conv_cls', 3, 4, [101, 1, 100, 3]),
    # two anchors: of the first dog 1, hen, cat 0, pig; of the second dog 4, hen, cat 3, pig
    ('retina_cls', 6, 8, [101, 1, 100, 3, 104, 5, 103, 7]),
    # the background is the last
    ('fc_cls', 4, 5, [101, 1, 100, 3, 103]),
    # four numbers for each class
    ('fc_reg', 12, 16, [104, 105, 106, 107, 4, 5, 6, 7, 100, 101, 102, 103, 12, 13, 14, 15])])
def test_rows_of_the_same_name_are_those_of_the_checkpoint(layer, before, now, rows):
    model, checkpoint = model_of(**{layer: now}), saved(model_of(**{layer: before}))
    kept = keep_rows(checkpoint, model, NEW)
    assert (kept.kept, kept.new) == (('dog', 'cat'), ('hen', 'pig'))
    weights = checkpoint['state_dict']
    assert weights[f'bbox_head.{layer}.bias'].tolist() == rows
    assert weights[f'bbox_head.{layer}.weight'].tolist() == [[row] * 3 for row in rows]
    assert model.bbox_head.get_submodule(layer).bias.tolist() == list(range(now))  # not changed


def test_as_many_classes_in_another_order():
    model, checkpoint = model_of(conv_cls=3), saved(model_of(conv_cls=3))
    kept = keep_rows(checkpoint, model, ('cow', 'cat', 'dog'))
    assert checkpoint['state_dict']['bbox_head.conv_cls.bias'].tolist() == [102, 100, 101]
    taken = TakenWeights('F', checkpoint['state_dict'], model, kept)
    assert str(taken) == 'taken 4 of 4 tensors from F, rows of classes cow, cat, dog'


def test_two_lines_say_what_was_taken_and_what_not():
    model, checkpoint = model_of(conv_cls=4), saved(model_of(conv_cls=3))
    kept = keep_rows(checkpoint, model, NEW)
    assert str(TakenWeights('F', checkpoint['state_dict'], model, kept)).splitlines() == [
        'taken 2 of 4 tensors from F, rows of classes dog, cat',
        'not taken: conv_cls (rows of classes hen, pig)']


def test_no_class_in_common():
    model, checkpoint = model_of(conv_cls=3), saved(model_of(conv_cls=3))
    kept = keep_rows(checkpoint, model, ('a', 'b', 'c'))
    assert list(checkpoint['state_dict']) == ['backbone.weight', 'backbone.bias']
    assert str(TakenWeights('F', checkpoint['state_dict'], model, kept)).splitlines() == [
        'taken 2 of 4 tensors from F', 'not taken: conv_cls (rows of classes a, b, c)']


@pytest.mark.parametrize('part, layers, classes', [
    pytest.param('bbox_head', dict(conv_cls=3), OLD, id='the same classes'),
    pytest.param('rpn_head', dict(rpn_cls=12, conv_cls=12), NEW, id='object or background'),
    pytest.param('bbox_head', dict(fc_reg=4, cls_convs=12), NEW, id='class-agnostic'),
    pytest.param('bbox_head', dict(conv_cls=7), NEW, id='not a row for each class')])
def test_layers_that_stay(part, layers, classes):
    checkpoint = saved(model_of(part, **layers))
    before = checkpoint['state_dict']
    assert keep_rows(checkpoint, model_of(part, **layers), classes) is None
    assert checkpoint['state_dict'] is before


def test_a_checkpoint_without_names_keeps_no_row():
    weights = saved(model_of(conv_cls=3))['state_dict']
    assert keep_rows(weights, model_of(conv_cls=4), NEW) is None
    assert str(TakenWeights('F', weights, model_of(conv_cls=4))).splitlines()[1] == (
        'not taken: conv_cls (3 classes, now 4)')


@pytest.mark.parametrize('meta', [dict(CLASSES=OLD), dict(dataset_meta=dict(CLASSES=OLD))])
def test_names_where_older_mmdet_wrote_them(meta):
    checkpoint = dict(saved(model_of(conv_cls=3)), meta=meta)
    assert keep_rows(checkpoint, model_of(conv_cls=4), NEW).kept == ('dog', 'cat')


def test_weights_behind_a_prefix():
    checkpoint = saved(model_of(conv_cls=3))
    checkpoint['state_dict'] = {f'module.{name}': value
                                for name, value in checkpoint['state_dict'].items()}
    model = nn.DataParallel(model_of(conv_cls=4))
    keep_rows(checkpoint, model, NEW)
    assert checkpoint['state_dict']['bbox_head.conv_cls.bias'].tolist() == [101, 1, 100, 3]


def test_a_run_resumes_with_its_classes_only():
    checkpoint = saved(model_of(conv_cls=3))
    check_classes('F', checkpoint, list(OLD))
    check_classes('F', dict(meta={}), NEW)
    with pytest.raises(UserError, match=r'(?s)F was trained for other classes: cat, dog, cow; the '
                       'data now have dog, cat, cow.*--load-from F, without --resume'):
        check_classes('F', checkpoint, ('dog', 'cat', 'cow'))
