"""Optional components in the copy for inference and in the exported graph."""
import copy

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.registry import DefaultScope
from torch import nn

from fcos_mm.export import ExportNetwork
from fcos_mm.registry import MODELS
from fcos_mm.speed.inference import prepare_for_inference
from fcos_mm.speed.winograd import WinogradConv2d

CHANNELS = 128  # from which on Winograd's algorithm is used
MODEL = dict(
    type='FCOS',
    data_preprocessor=dict(type='DetDataPreprocessor', pad_size_divisor=32),
    backbone=dict(type='DLA', base_channels=4, init_cfg=None),
    neck=dict(type='FPN', out_channels=CHANNELS, num_outs=3),
    bbox_head=dict(
        type='FCOSHead', num_classes=3, in_channels=CHANNELS, feat_channels=CHANNELS,
        strides=(8, 16, 32), regression='relu', conv_bias=True, shared_convs=1, stacked_convs=1,
        norm_cfg=dict(type='BN'), norm_per_level=True, scale=False,
        assigner=dict(type='FCOSAssigner', regress_ranges=((0, 64), (64, 128), (128, None))),
        loss=dict(type='FCOSLoss', normalizer='moving_average')),
    test_cfg=dict(nms_pre=100, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.6),
                  max_per_img=20))
NECKS = {
    'FPN': MODEL['neck'],
    'BiFPN': dict(type='BiFPN', out_channels=CHANNELS, num_outs=3, num_repeats=1),
    'PAFPN': dict(type='PAFPN', out_channels=CHANNELS, num_outs=3)}
LEVEL_NORMS = 3 * 3  # of three convolutions


@pytest.fixture(scope='module', params=NECKS)
def model(request):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        model = MODELS.build(copy.deepcopy({**MODEL, 'neck': NECKS[request.param]})).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values, low, high in ((module.weight.data, .5, 1.), (module.bias.data, -.2, .2),
                                      (module.running_mean, -.2, .2), (module.running_var, .5, 2.)):
                values.uniform_(low, high)
    model.bbox_head.conv_cls.weight.data.mul_(20)
    model.bbox_head.conv_reg.bias.data.fill_(2.5)
    return model


def detections(model):
    image = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    sample = DetDataSample(metainfo=dict(img_shape=(64, 96), ori_shape=(64, 96),
                                         scale_factor=(1., 1.)))
    with torch.no_grad():
        return model.predict(image, [sample])[0].pred_instances


def assert_same_detections(found, expected):
    assert len(found) == len(expected) > 3
    assert torch.equal(found.labels, expected.labels)
    torch.testing.assert_close(found.scores, expected.scores, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.bboxes, expected.bboxes, rtol=1e-4, atol=1e-3)


def count(model, kind):
    return sum(isinstance(module, kind) for module in model.modules())


@pytest.mark.filterwarnings('error:Batch normalisation')
@pytest.mark.parametrize('options', [dict(), dict(winograd=False, channels_last=False)], ids=str)
def test_the_copy_detects_the_same(model, options):
    prepared = prepare_for_inference(model, **options)
    assert_same_detections(detections(prepared), detections(model))
    # those of the backbone and the neck are folded, those of the towers differ by level
    assert count(prepared, nn.BatchNorm2d) == count(prepared.bbox_head, nn.BatchNorm2d) == (
        LEVEL_NORMS)
    if not options:
        assert count(prepared.bbox_head, WinogradConv2d) == 3


@pytest.mark.parametrize('model', ['BiFPN'], indirect=True)
def test_each_part_is_one_graph(model):
    prepared = prepare_for_inference(model, compile=dict(backend='eager'))
    assert_same_detections(detections(prepared), detections(model))


@pytest.mark.filterwarnings('error:Batch normalisation')
@torch.no_grad()
def test_the_graph_detects_the_same(model):
    image = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    boxes, scores, labels, number = ExportNetwork(model, 'nms')(image, torch.tensor([[64., 96.]]))
    expected = detections(model)
    length = int(number[0])
    assert length == len(expected)
    torch.testing.assert_close(boxes[0, :length], expected.bboxes, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(scores[0, :length], expected.scores, rtol=1e-4, atol=1e-5)
    assert torch.equal(labels[0, :length].long(), expected.labels)
