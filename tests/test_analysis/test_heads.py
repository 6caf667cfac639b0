"""Samples of a dense head, counted."""
import pytest
import torch
from mmengine.config import Config

from fcos_mm.analysis.heads import head_type, num_samples
from fcos_mm.errors import UserError
from fcos_mm.registry import MODELS

RETINA = dict(
    data_preprocessor=dict(pad_size_divisor=32),
    bbox_head=dict(
        type='RetinaHead', num_classes=2, in_channels=16, feat_channels=16, stacked_convs=1,
        anchor_generator=dict(
            type='AnchorGenerator', octave_base_scale=4, scales_per_octave=3,
            ratios=[0.5, 1.0, 2.0], strides=[8, 16, 32, 64, 128])))


def test_samples_by_hand(tiny_config):
    """70 x 100 is padded to 96 x 128: 12 * 16 + 6 * 8 + 3 * 4 + 2 * 2 + 1 * 1 cells."""
    cells = 192 + 48 + 12 + 4 + 1
    fcos = Config.fromfile(tiny_config)
    fcos.model.data_preprocessor.pad_size_divisor = 32
    assert num_samples(fcos, (70, 100)) == cells
    assert num_samples(Config(dict(model=RETINA)), (70, 100)) == 9 * cells


def test_samples_are_those_of_the_maps(tiny_config):
    """An image that is not padded: 9 * 13 + 5 * 7 + 3 * 4 + 2 * 2 + 1 * 1."""
    fcos = Config.fromfile(tiny_config)
    fcos.model.data_preprocessor.pad_size_divisor = 1
    model = MODELS.build(dict(fcos.model, _scope_='fcos_mm'))
    maps = model(torch.zeros(1, 3, 70, 100), None, mode='tensor')[0]
    assert num_samples(fcos, (70, 100)) == sum(m[0, 0].numel() for m in maps) == 169


def test_mmdets_own_fcos_has_locations():
    head = dict(type='mmdet.FCOSHead', num_classes=2, in_channels=16, strides=[8, 16])
    cfg = Config(dict(model=dict(bbox_head=head)))
    assert num_samples(cfg, (16, 32)) == 8 + 2


def test_what_cannot_be_counted():
    with pytest.raises(UserError, match='neither model.bbox_head nor model.rpn_head'):
        num_samples(Config(dict(model=dict(type='FCOS'))), (64, 64))
    boxes = dict(type='Shared2FCBBoxHead', num_classes=2)
    with pytest.raises(UserError, match='model.bbox_head is a Shared2FCBBoxHead'):
        num_samples(Config(dict(model=dict(bbox_head=boxes))), (64, 64))


@pytest.mark.parametrize('scope, key, name, module', [
    ('fcos_mm', 'bbox_head', 'FCOSHead', 'fcos_mm.models.head'),
    ('mmdet', 'bbox_head', 'FCOSHead', 'mmdet.models.dense_heads.fcos_head'),
    ('fcos_mm', 'bbox_head', 'mmdet.FCOSHead', 'mmdet.models.dense_heads.fcos_head'),
    ('mmdet', 'rpn_head', 'fcos_mm.FCOSHead', 'fcos_mm.models.head')])
def test_the_class_of_the_head_is_that_of_the_scope(scope, key, name, module):
    cfg = Config(dict(default_scope=scope, model={key: dict(type=name)}))
    assert head_type(cfg).__module__ == module


def test_a_model_without_dense_head():
    assert head_type(Config(dict(model=dict(type='DETR')))) is None
