"""Tiny detectors with random weights of which some hundred pairs pass the threshold."""
import pytest
import torch
from mmengine.config import Config
from torch import nn

import fcos_mm  # noqa: F401
from fcos_mm.registry import MODELS
from fcos_mm.runtime.info import ModelInfo, Postprocessing, Preprocessing

HEAD = dict(
    type='fcos_mm.FCOSHead', num_classes=3, in_channels=8, feat_channels=8, stacked_convs=1,
    strides=(8, 16), norm_cfg=dict(type='GN', num_groups=2),
    assigner=dict(type='fcos_mm.FCOSAssigner', regress_ranges=((0, 64), (64, None))))
TEST_CFG = dict(score_thr=0.05, nms_pre=40, nms=dict(type='nms', iou_threshold=0.5),
                max_per_img=20, min_bbox_size=0)
BACKBONE = dict(type='mmdet.ResNet', depth=18, base_channels=4, stem_channels=4, num_stages=2,
                out_indices=(0, 1), strides=(2, 2), dilations=(1, 1),
                norm_cfg=dict(type='BN'), init_cfg=None)


def detector(seed=0, head=None, test_cfg=None, backbone=None, neck=None):
    """A tiny FCOS; ``head``, ``test_cfg`` and ``neck`` are merged into the usual ones."""
    model = Config(dict(model=dict(
        type='fcos_mm.FCOS', backbone=backbone or BACKBONE,
        neck=dict(type='mmdet.FPN', in_channels=[4, 8], out_channels=8, num_outs=2),
        bbox_head=HEAD, test_cfg=TEST_CFG)))
    model.merge_from_dict(dict(model=dict(
        bbox_head=head or {}, test_cfg=test_cfg or {}, neck=neck or {})))
    torch.manual_seed(seed)
    with torch.no_grad():
        built = MODELS.build(model.model)
        for parameter in built.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
        for buffer in built.buffers():
            if buffer.is_floating_point():
                buffer.add_(0.2 * torch.rand_like(buffer))
        built.bbox_head.conv_reg.bias.fill_(2.5)
        built.bbox_head.conv_cls.bias.fill_(-2)
    return built.eval()


def info(shape=(1, 96, 128), mode='nms', divisor=16):
    """Metadata of a file."""
    return ModelInfo(
        version='0', mode=mode, precision='fp32', classes=('a', 'b', 'c'),
        category_ids=(1, 2, 3), thresholds=(0.3, ) * 3, threshold_note='0.3', shape=shape,
        preprocessing=Preprocessing(
            scale=(128, 96), keep_ratio=True, channels='rgb', mean=(0., ) * 3, std=(1., ) * 3,
            pad_divisor=divisor, pad_value=0.),
        postprocessing=Postprocessing(
            score_thr=0.05, nms_pre=40, iou_threshold=0.5, max_per_img=20, clip='before_nms',
            min_bbox_size=0., extra=0, strides=(8, 16)))


class SmallBackbone(nn.Module):
    """Two convolutions, since the time of an export grows with the number of layers."""

    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 4, 8, stride=8), nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 8, 2, stride=2)

    def forward(self, images):
        first = self.norm(self.first(images)).relu()
        return first, self.second(first).relu()


def small_detector(seed=0, **options):
    """As :func:`detector`, with a smaller backbone."""
    model = detector(seed, **options)
    torch.manual_seed(seed)
    model.backbone = SmallBackbone().eval()
    return model


@pytest.fixture(scope='session')
def images():
    """(2, 3, 96, 128) and the size of each image inside."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, 3, 96, 128, generator=generator), [(90, 128), (96, 101)]
