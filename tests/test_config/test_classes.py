"""Classes reach every dataset, in wrappers too, and the heads that count them."""
import pytest
from mmengine.config import Config

from fcos_mm.config.classes import class_names, set_metainfo
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


def test_what_is_no_list_of_names():
    assert class_names('cup') == ('cup', )
    for classes in (3, (), [1], {'cup': 1}):
        with pytest.raises(UserError, match='no list of names'):
            class_names(classes)
