"""AdelaiDet's checkpoints: the same maps, detections and losses as its own code."""
import fcos_mm  # noqa: F401  isort: skip

import pytest
import torch

from fcos_mm.checkpoints.convert.adelaidet import ADELAIDET
from fcos_mm.checkpoints.convert.detectron2 import DETECTRON2
from fcos_mm.errors import UserError
from tests.test_checkpoints.test_convert.detectron2_layout import adelaidet, dla34, resnet
from tests.test_checkpoints.test_convert.golden_chain import (
    Chain,
    check_complete,
    config_of,
    golden,
    on_meta,
)
from tests.test_checkpoints.test_convert.seeded_weights import seeded

SMALL = dict(channels=64, classes=5)
NARROW, NARROW_LAST = dict(stem=8, res2=32), (64, 128, 256)
X101 = dict(groups=32, width=8)
X101_64 = dict(groups=64, width=4)
DCN = dict(dcn=(False, False, True, True))
DLA = (128, 256, 512)
NAMES = dict(loss_cls='loss_fcos_cls', loss_bbox='loss_fcos_loc',
             loss_centerness='loss_fcos_ctr', loss_iou='loss_fcos_iou')


def r50(**options):
    return adelaidet(resnet(width=8, **NARROW), NARROW_LAST, **SMALL, **options)


CASES = {
    'r50': ('centerness', lambda: r50()),
    'r50_iou': ('iou', lambda: r50()),
    'x101_dcn': ('centerness', lambda: adelaidet(
        resnet(101, groups=4, width=4, **DCN, **NARROW), NARROW_LAST, deformable=True, **SMALL)),
    'rt_r50_bn': ('centerness', lambda: adelaidet(
        resnet(width=8, trained=True, **NARROW), NARROW_LAST, levels=3, kind='BN', **SMALL)),
    'rt_dla34': ('centerness', lambda: adelaidet(dla34(), DLA, levels=3, **SMALL)),
    'rt_dla34_shared_bn': ('centerness', lambda: adelaidet(
        dla34(), DLA, levels=3, shared=4, convs=0, kind='BN', **SMALL)),
}
# All of AdelaiDet's published detectors, by the name of its config.
ZOO = {
    'MS_R_50_2x': lambda: adelaidet(resnet()),
    'MS_R_101_2x': lambda: adelaidet(resnet(101)),
    'MS_X_101_32x8d_2x': lambda: adelaidet(resnet(101, **X101)),
    'MS_X_101_64x4d_2x': lambda: adelaidet(resnet(101, **X101_64)),
    'MS_X_101_32x8d_2x_dcnv2': lambda: adelaidet(resnet(101, **X101, **DCN), deformable=True),
    'MS_R_50_4x_syncbn': lambda: adelaidet(resnet(trained=True), levels=3),
    'MS_R_50_4x_syncbn_bn_head': lambda: adelaidet(resnet(trained=True), levels=3, kind='BN'),
    'MS_DLA_34_4x_syncbn': lambda: adelaidet(dla34(), DLA, levels=3),
    'MS_DLA_34_4x_syncbn_bn_head': lambda: adelaidet(dla34(), DLA, levels=3, kind='BN'),
    'MS_DLA_34_4x_syncbn_shared_towers': lambda: adelaidet(
        dla34(), DLA, levels=3, shared=4, convs=0),
    'MS_DLA_34_4x_syncbn_shared_towers_bn_head': lambda: adelaidet(
        dla34(), DLA, levels=3, shared=4, convs=0, kind='BN'),
}


def frame(mean, std):
    """The buffers of older versions."""
    return dict(pixel_mean=torch.tensor(mean)[:, None, None],
                pixel_std=torch.tensor(std)[:, None, None])


@pytest.mark.parametrize('name', CASES)
def test_picture_to_detections_and_losses_are_those_of_its_code(name):
    variant, shapes = CASES[name]
    weights = seeded(shapes())
    if name == 'x101_dcn':  # its groups are not those of a published network
        weights.update(frame([103.53, 116.28, 123.675], [57.375, 57.12, 58.395]))
    chain = Chain(ADELAIDET.read(weights, {}, variant))
    expected = golden(f'adelaidet/{name}')
    chain.check(expected)
    losses = {NAMES[kind]: value.item() for kind, value in chain.losses().items()
              if kind in NAMES}
    assert losses == {kind: pytest.approx(float(value), rel=1e-4)
                      for kind, value in expected.items() if kind.startswith('loss')}


@pytest.mark.parametrize('name', ZOO)
def test_every_published_detector_is_converted_whole(name):
    weights = on_meta(ZOO[name]())
    assert ADELAIDET.recognise(weights) and not DETECTRON2.recognise(weights)
    converted = ADELAIDET.read(weights, {}, 'iou' if name == 'MS_R_50_2x' else 'centerness')
    check_complete(converted)
    assert converted.classes is None
    cfg = config_of(converted)
    assert cfg.model.backbone.init_cfg is None
    std = [57.375, 57.12, 58.395] if '32x8d' in name else [1, 1, 1]
    assert cfg.model.data_preprocessor.std == std
    assert cfg.model.data_preprocessor.mean == [103.53, 116.28, 123.675]
    style = 'pytorch' if 'X_101' in name else 'caffe'
    assert 'DLA' in name or cfg.model.backbone.style == style
    resize, = (step for step in cfg.test_dataloader.dataset.pipeline if step.type == 'Resize')
    assert resize == dict(type='Resize', keep_ratio=True, backend='pillow', rounding='detectron2',
                          scale=(736, 512) if 'syncbn' in name else (1333, 800))


def test_a_plain_r50_needs_no_settings():
    converted = ADELAIDET.read(on_meta(ZOO['MS_R_50_2x']()), {}, 'centerness')
    assert converted.settings == dict(model=dict(backbone=dict(init_cfg=None)))


def test_the_variant_must_be_said():
    with pytest.raises(UserError, match='--variant centerness.*\n.*--variant iou'):
        ADELAIDET.read(on_meta(r50()), {}, None)


def test_old_checkpoints_hold_mean_and_deviation():
    weights = {**on_meta(r50()),
               **frame([102.9801, 115.9465, 122.7717], [57.375, 57.12, 58.395])}
    preprocessing = ADELAIDET.read(weights, {}, 'iou').settings['model']['data_preprocessor']
    assert preprocessing == dict(mean=[102.9801, 115.9465, 122.7717], std=[57.375, 57.12, 58.395])


def test_what_is_assumed_is_said():
    old = {**on_meta(r50()), **frame([1., 2., 3.], [1., 1., 1.])}
    notes = ADELAIDET.read(on_meta(r50()), {}, 'iou').notes
    assert all(word in ' '.join(notes) for word in ('1333 x 800', 'BGR', 'STRIDE_IN_1X1'))
    assert len(ADELAIDET.read(old, {}, 'iou').notes) == len(notes) - 1


def without(weights, name):
    return {key: value for key, value in weights.items() if key != name}


@pytest.mark.parametrize('change, message', [
    (lambda w: {**w, 'basis_module.refine.0.weight': torch.zeros(1)}, 'basis_module.refine'),
    (lambda w: {**w, 'backbone.fpn_lateral2.weight': torch.zeros(1)}, 'fpn_lateral2'),
    (lambda w: without(w, 'backbone.bottom_up.stem.conv1.weight'), 'ResNet'),
    (lambda w: without(w, 'backbone.fpn_lateral3.weight'), 'neck.lateral_convs.0.conv.weight'),
    (lambda w: without(w, 'proposal_generator.fcos_head.cls_tower.9.weight'), 'unknown|alike'),
    (lambda w: {**w, 'backbone.bottom_up.res4.0.conv2_offset.bias': torch.zeros(18)},
     'DEFORM_MODULATED'),
    (lambda w: {name: value for name, value in w.items() if '.res5.2.' not in name}, r'2\) blocks'),
])
def test_what_is_no_such_detector_is_refused(change, message):
    with pytest.raises(UserError, match=message):
        ADELAIDET.read(change(on_meta(r50())), {}, 'centerness')
