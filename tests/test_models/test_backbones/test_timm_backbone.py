"""TimmBackbone: on a stand-in for timm, and on real networks where timm is installed."""
import sys
from types import ModuleType

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from torch import nn

from fcos_mm.compat.timm import import_timm
from fcos_mm.config.checks.model_shapes import shape_faults
from fcos_mm.errors import UserError
from fcos_mm.models import EfficientNetLite, TimmBackbone
from fcos_mm.registry import MODELS

CHANNELS = (2, 4, 6, 8, 10)  # of strides 2 to 32


class Net(nn.Module):
    """A network of timm's kind: halves the image five times, and lists its maps."""

    def __init__(self, dynamic_img_size=False):
        super().__init__()
        assert dynamic_img_size  # of no use for images of many sizes without
        self.stem = nn.Conv2d(3, 2, 2, stride=2)
        self.norm = nn.BatchNorm2d(2)
        self.layers = nn.ModuleList(nn.Conv2d(before, after, 2, stride=2)
                                    for before, after in zip(CHANNELS, CHANNELS[1:]))
        self.feature_info = [dict(num_chs=2, reduction=2, module='stem')] + [
            dict(num_chs=count, reduction=4 << number, module=f'layers.{number}')
            for number, count in enumerate(CHANNELS[1:])]


class Maps(nn.Module):
    """Its maps, as ``features_only`` gives them."""

    def __init__(self, model, out_indices, output_fmt):
        super().__init__()
        self.model, self.out_indices, self.output_fmt = model, out_indices, output_fmt

    def forward(self, x):
        maps = [self.model.norm(self.model.stem(x))]
        for layer in self.model.layers:
            maps.append(layer(maps[-1]))
        maps = [maps[index] for index in self.out_indices]
        return [m.permute(0, 2, 3, 1) for m in maps] if self.output_fmt == 'NHWC' else maps


@pytest.fixture
def timm(monkeypatch):
    """A module that has the networks ``net`` and ``net_nhwc``, and records what is asked for."""
    module = ModuleType('timm')
    module.asked = []

    def create_model(model_name, pretrained=False, features_only=False, out_indices=(),
                     pretrained_cfg_overlay=None, **settings):
        module.asked.append(pretrained_cfg_overlay or pretrained)
        model = Net(**{'dynamic_img_size': True, **settings})
        if pretrained:
            nn.init.constant_(model.stem.weight, 7.0)
        if pretrained_cfg_overlay == dict(file='missing.pth'):
            raise FileNotFoundError('missing.pth')
        output_fmt = 'NHWC' if model_name == 'net_nhwc' else 'NCHW'
        return Maps(model, out_indices, output_fmt) if features_only else model

    module.create_model = create_model
    module.list_models = lambda: ['net', 'net_nhwc']
    module.is_model = lambda name: name in module.list_models()
    monkeypatch.setitem(sys.modules, 'timm', module)
    return module


def detector(**model):
    return dict(dict(
        type='FCOS', backbone=dict(type='TimmBackbone', name='net', out_indices=(1, 2, 3)),
        neck=dict(type='FPN', out_channels=8, num_outs=3),
        bbox_head=dict(type='FCOSHead', num_classes=2, in_channels=8, feat_channels=8,
                       stacked_convs=1, norm_cfg=None, strides=(8, 16, 32),
                       assigner=dict(type='FCOSAssigner',
                                     regress_ranges=((0, 32), (32, 64), (64, None))))), **model)


def build(cfg, scope='fcos_mm'):
    with DefaultScope.overwrite_default_scope(scope):
        return MODELS.build(cfg)


@pytest.mark.parametrize('neck', [
    dict(), dict(in_channels=[256, 512, 1024]), dict(in_channels=None)], ids=str)
def test_the_neck_gets_the_channels(timm, neck):
    cfg = detector(neck=dict(type='FPN', out_channels=8, num_outs=3, **neck))
    assert build(cfg).neck.in_channels == [6, 8, 10]
    assert shape_faults(Config(dict(model=cfg, default_scope='fcos_mm')), 'train') == []
    assert cfg['neck'].get('in_channels') == neck.get('in_channels')  # a config stays as it is


def test_a_scope_in_front_and_several_necks(timm):
    cfg = detector(
        type='fcos_mm.FCOS', backbone=dict(type='fcos_mm.TimmBackbone', name='net'),
        neck=[
            dict(type='ChannelMapper', out_channels=4),
            dict(type='FPN', in_channels=[4] * 4, out_channels=4, num_outs=4)])
    cfg['bbox_head'] = dict(type='FCOSHead', num_classes=2, in_channels=4)
    model = build(cfg, scope='mmdet')
    assert [conv.conv.in_channels for conv in model.neck[0].convs] == [4, 6, 8, 10]


def test_the_neck_of_other_backbones_stays_as_it_is():
    neck = dict(type='FPN', in_channels=[64, 128, 256, 512], out_channels=8, num_outs=4)
    complete = MODELS.get('FCOS').complete_neck
    assert complete(dict(type='ResNet', depth=18), neck) is neck
    assert complete(dict(type='TimmBackbone', name='none'), None) is None


def test_channels_of_efficientnet_lite():
    for arch in ('lite0', 'lite2'):
        settings = dict(arch=arch, out_indices=(0, 2, 3))
        maps = EfficientNetLite(**settings).eval()(torch.zeros(1, 3, 32, 32))
        assert EfficientNetLite.made_channels(**settings) == [each.size(1) for each in maps]


def test_what_does_not_fit_is_told_with_the_channels_filled_in(timm):
    cfg = detector(neck=dict(type='FPN', start_level=1, out_channels=8, num_outs=2))
    fault, = shape_faults(Config(dict(model=cfg, default_scope='fcos_mm')), 'train')
    assert fault.startswith('model.bbox_head.strides=(8, 16, 32) has 3 levels, but model.neck')


def test_maps_with_channels_last_are_turned(timm):
    torch.manual_seed(0)
    backbone = TimmBackbone(name='net_nhwc', out_indices=(0, 3))
    maps = backbone(torch.randn(2, 3, 64, 96))
    assert [tuple(each.shape) for each in maps] == [(2, 4, 16, 24), (2, 10, 2, 3)]


@pytest.mark.parametrize('frozen_stages, layers', [(-1, None), (0, 0), (1, 1), (3, 3), (4, 4)])
def test_frozen_stages(timm, frozen_stages, layers):
    backbone = TimmBackbone(name='net', frozen_stages=frozen_stages)
    assert backbone.train() is backbone
    net = backbone.network.model
    frozen = [] if layers is None else [net.stem, net.norm, *net.layers[:layers]]
    assert {id(p) for p in backbone.parameters() if not p.requires_grad} == {
        id(p) for module in frozen for p in module.parameters()}
    assert all(module.training != (module in frozen) for module in
               (net.stem, net.norm, *net.layers))


def test_norm_eval(timm):
    backbone = TimmBackbone(name='net', norm_eval=True).train()
    net = backbone.network.model
    assert (net.stem.training, net.norm.training, net.norm.weight.requires_grad) == (
        True, False, True)


@pytest.mark.parametrize('settings, message', [
    (dict(name='nett'), "timm has no model 'nett'. Did you mean 'net'?"),
    (dict(out_indices=(0, 4)), 'net has stages (0, 1, 2, 3), of strides (4, 8, 16, 32), but '
                               'out_indices=(0, 4).'),
    (dict(out_indices=(1, 0)), 'out_indices=(1, 0).'),
    (dict(frozen_stages=7), 'frozen_stages=7 is not possible, net has no such stage.')])
def test_wrong_settings(timm, settings, message):
    with pytest.raises(UserError) as error:
        TimmBackbone(**{'name': 'net', **settings})
    assert message in str(error.value)


def test_weights_are_loaded_when_a_training_starts_and_not_before(timm):
    backbone = TimmBackbone(name='net', pretrained=True)
    assert not any(timm.asked) and (backbone.network.model.stem.weight != 7).all()
    backbone.init_weights()
    assert timm.asked[-1] is True and (backbone.network.model.stem.weight == 7).all()
    TimmBackbone(name='net', pretrained='file.pth').init_weights()
    assert timm.asked[-1] == dict(file='file.pth')
    with pytest.raises(UserError, match='Weights of net cannot be loaded by timm: missing.pth\n'):
        TimmBackbone(name='net', pretrained='missing.pth').init_weights()


@pytest.mark.parametrize('name', [
    'resnet18', 'convnext_atto', 'efficientnet_lite0', 'mobilenetv3_small_050', 'regnetx_002',
    'pvt_v2_b0', 'swin_tiny_patch4_window7_224'])
def test_real_networks_train_at_any_size(name):
    try:
        import_timm('This test')
    except UserError as error:
        pytest.skip(str(error).splitlines()[0])
    torch.manual_seed(0)
    model = build(detector(backbone=dict(
        type='TimmBackbone', name=name, out_indices=(1, 2, 3), frozen_stages=1))).train()
    for size in ((64, 96), (84, 100)):
        maps = model.backbone(torch.randn(2, 3, *size))
        assert [each.size(1) for each in maps] == model.neck.in_channels
        for each, stride in zip(maps, (8, 16, 32)):
            assert all(abs(side / stride - cells) < 1 for side, cells in zip(size, each.shape[2:]))
    sample = DetDataSample(metainfo=dict(img_shape=(64, 96), batch_input_shape=(64, 96)))
    sample.gt_instances = InstanceData(bboxes=torch.tensor([[4., 8., 60., 50.]]),
                                       labels=torch.tensor([1]))
    total, _ = model.parse_losses(model.loss(torch.randn(1, 3, 64, 96), [sample]))
    total.backward()
    learning = [p for p in model.backbone.parameters() if p.requires_grad]
    assert learning and all(p.grad is not None and p.grad.isfinite().all() for p in learning)
