"""A copy of a detector in bfloat16 detects what the detector does."""
import copy

import pytest
import torch
from mmdet.structures import DetDataSample
from torch import nn

from fcos_mm.compat import cpu_features
from fcos_mm.compat.cpu_features import CpuFeatures
from fcos_mm.errors import UserError
from fcos_mm.speed.inference import prepare_as_configured, prepare_for_inference
from fcos_mm.speed.precision import check_precision
from fcos_mm.speed.winograd import WinogradConv2d

from .test_inference import OneLayer, build, outputs

CPU = torch.device('cpu')


@pytest.fixture(scope='module')
def detector():
    """A detector some of whose scores are high."""
    model = build()
    with torch.no_grad():
        model.bbox_head.conv_cls.weight.mul_(100)
        model.bbox_head.conv_cls.bias.fill_(-1.)
        model.bbox_head.conv_reg.bias.fill_(3.)
    return model


@pytest.fixture(scope='module')
def bf16(detector):
    return prepare_for_inference(detector, precision='bf16', keep_memory=False)


def test_outputs_agree_within_the_rounding(detector, bf16):
    """8 bits of mantissa: every layer adds 0.4% at most, most of it cancels."""
    levels = len(detector.bbox_head.strides)
    expected, got = outputs(detector), outputs(bf16)
    for number, (a, b) in enumerate(zip(expected, got, strict=True)):
        assert (a - b).abs().max() < 0.05 * a.abs().max()
        distances = levels <= number < 2 * levels
        assert b.dtype == (torch.float32 if distances else torch.bfloat16)
    assert any((a - b).abs().max() > 1e-4 * a.abs().max() for a, b in zip(expected, got))


def test_it_detects_the_same_objects(detector, bf16):
    image = torch.randint(256, (3, 96, 128), dtype=torch.uint8,
                          generator=torch.Generator().manual_seed(0))

    def detect(model):
        sample = DetDataSample(metainfo=dict(img_shape=(96, 128), ori_shape=(96, 128),
                                             scale_factor=(1., 1.)))
        with torch.no_grad():
            return model.test_step(dict(inputs=image[None] / 100, data_samples=[sample]))[0]

    here, there = detect(bf16).pred_instances, detect(detector).pred_instances
    assert len(there) == 10 and here.bboxes.dtype == here.scores.dtype == torch.float32
    alike = ((here.labels[:, None] == there.labels)
             & ((here.scores[:, None] - there.scores).abs() < 0.02)
             & ((here.bboxes[:, None] - there.bboxes).abs().amax(-1) < 1.))
    assert alike.any(0).sum() >= 9


def test_what_is_converted(detector, bf16):
    types = {name: value.dtype for name, value in bf16.named_parameters()}
    assert types['backbone.layer1.0.conv1.weight'] == torch.bfloat16
    assert types['bbox_head.conv_cls.weight'] == torch.bfloat16
    for name in ('bbox_head.conv_reg.weight', 'bbox_head.scales.0.scale',
                 'bbox_head.cls_convs.0.gn.weight'):
        assert types[name] == torch.float32
    assert not any(isinstance(module, WinogradConv2d) for module in bf16.modules())
    assert all(value.dtype == torch.float32 for value in detector.parameters())
    assert len(outputs(copy.deepcopy(bf16))) == 15


def test_normalisation_that_is_not_folded(detector):
    prepared = prepare_for_inference(detector, precision='bf16', fold_bn=False, fuse=False)
    for a, b in zip(outputs(detector), outputs(prepared), strict=True):
        assert (a - b).abs().max() < 0.05 * a.abs().max()


class Scaled(nn.Module):
    """A layer with a parameter of its own and a convolution inside."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(1))
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, image):
        assert image.dtype == torch.float32
        return self.factor * self.conv(image)


def test_layers_of_other_kinds_stay_float32():
    model = nn.Module()
    model.backbone = nn.Sequential(nn.Conv2d(3, 4, 1), Scaled(), nn.Conv2d(4, 4, 1))
    prepared = prepare_for_inference(model, precision='bf16')
    image = torch.randn(1, 3, 8, 8)
    got = prepared.backbone(image)
    assert got.dtype == torch.bfloat16 and prepared.backbone[1].conv.weight.dtype == torch.float32
    torch.testing.assert_close(got.float(), model.backbone(image), rtol=0.05, atol=0.05)


class Refuses(nn.Conv2d):

    def forward(self, image):
        raise RuntimeError('not implemented for BFloat16\nsome more')


def test_a_network_that_does_not_run_in_bfloat16():
    model = nn.Module()
    model.backbone = Refuses(3, 4, 1)
    with pytest.raises(UserError, match='not implemented for BFloat16\nUse --precision fp32'):
        prepare_for_inference(model, precision='bf16')


@pytest.mark.parametrize('hook, precision, converted', [
    (dict(), 'bf16', True), (None, 'bf16', True), (None, 'fp32', None), (None, None, None),
    (dict(options=dict(precision='bf16')), None, True),
    (dict(options=dict(precision='bf16')), 'fp32', False)])
def test_the_option_goes_before_the_config(hook, precision, converted):
    model = OneLayer()
    prepared = prepare_as_configured(model, dict(default_hooks=dict(fast_inference=hook)),
                                     precision)
    if converted is None:
        assert prepared is model
    else:
        assert (prepared.backbone.weight.dtype == torch.bfloat16) == converted


def test_a_slow_processor_is_a_warning_and_not_an_error(monkeypatch):
    def has(*flags):
        monkeypatch.setattr('fcos_mm.speed.precision.cpu_features',
                            lambda: CpuFeatures('A', frozenset(flags)))

    has('avx2')
    assert 'neither amx_bf16 nor avx512_bf16' in check_precision('bf16', CPU)
    assert check_precision('fp32', CPU) == check_precision(None, CPU) == ''
    has('avx2', cpu_features.BF16[0])
    assert check_precision('bf16', CPU) == ''
    with pytest.raises(UserError, match="precision 'fp64': give one of fp32, bf16"):
        check_precision('fp64', CPU)


def test_a_gpu_without_bfloat16(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda **options: False)
    monkeypatch.setattr(torch.cuda, 'get_device_name', lambda device: 'Old GPU')
    with pytest.raises(UserError, match='does not compute in bfloat16 \\(Old GPU\\)'):
        check_precision('bf16', torch.device('cuda:0'))
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda **options: True)
    assert check_precision('bf16', torch.device('cuda:0')) == ''
