"""Classes and data root reach every dataset, in wrappers too, and what else depends on them."""
import pytest
from mmengine.config import Config

from fcos_mm.config import set_data_root
from fcos_mm.config.settings.classes import class_names, set_metainfo
from fcos_mm.errors import UserError


def config():
    inner = dict(type='CocoDataset', metainfo=dict(classes=('a', ), palette=[(0, 0, 0)]))
    return Config(dict(
        train_dataloader=dict(dataset=dict(type='RepeatDataset', dataset=dict(
            type='ConcatDataset', datasets=[inner, dict(type='CocoDataset')]))),
        val_dataloader=None,
        model=dict(
            bbox_head=[dict(num_classes=80), dict(num_classes=80)],
            mask_head=dict(num_classes=80),
            rpn_head=dict(num_classes=1),
            semantic_head=dict(num_classes=183),
            backbone=dict(num_classes=1000))))


def test_datasets_and_heads():
    cfg = config()
    set_metainfo(cfg, dict(classes=['b', 'c']))
    first, second = cfg.train_dataloader.dataset.dataset.datasets
    assert first.metainfo == dict(classes=('b', 'c'), palette=[(0, 0, 0)])
    assert second.metainfo == dict(classes=('b', 'c'))
    model = cfg.model
    assert [head.num_classes for head in model.bbox_head] == [2, 2]
    assert [model[name].num_classes for name in (
        'mask_head', 'rpn_head', 'semantic_head', 'backbone')] == [2, 1, 183, 1000]


def test_heads_are_left_alone():
    cfg = config()
    set_metainfo(cfg, dict(classes=['b', 'c']), with_heads=False)
    assert cfg.model == config().model


def test_class_names():
    assert class_names('cup') == ('cup', )
    for classes in (3, (), [1], {'cup': 1}):
        with pytest.raises(UserError, match='not a list of names'):
            class_names(classes)


def test_all_uses_of_data_root_move():
    cfg = Config.fromstring('''
data_root = 'data/cells/'
pipeline = [dict(type='LoadImageFromFile'), dict(type='CopyPaste', scale=(1, 2))]
train_dataloader = dict(dataset=dict(type='RepeatDataset', dataset=dict(
    data_root=data_root, ann_file='a.json', pipeline=pipeline)))
val_dataloader = dict(dataset=dict(data_root='data/cells_2'))
val_evaluator = [dict(ann_file=data_root + 'b.json')]
test_evaluator = None
''', '.py')
    set_data_root(cfg, '/new')
    assert cfg.data_root == '/new'
    inner = cfg.train_dataloader.dataset.dataset
    assert inner.data_root == '/new/' and inner.ann_file == 'a.json'
    assert inner.pipeline[1].scale == (1, 2)
    assert cfg.val_evaluator[0].ann_file == '/new/b.json'
    assert cfg.val_dataloader.dataset.data_root == 'data/cells_2'
    assert cfg.test_evaluator is None
