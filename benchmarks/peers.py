"""Build ours and its peers with the same weights."""
import copy
import importlib
from pathlib import Path

import torch
from harness.case import NotAvailable
from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope
from torch import nn

from fcos_mm.registry import MODELS

CONFIGS = Path(__file__).resolve().parent.parent / 'configs' / '_base_' / 'models'
#: mmdet's FCOSHead has no names for what differs in the improved head but these.
IMPROVED = dict(
    center_sampling=True,
    norm_on_bbox=True,
    centerness_on_reg=True,
    loss_bbox=dict(type='mmdet.GIoULoss', loss_weight=1.0))


def why_not(name: str) -> str:
    """Why a detector is not available here; empty if it is."""
    try:
        if name == 'torchvision':
            importlib.import_module('harness.vision').import_torchvision()
        else:
            importlib.import_module(name)
    except (NotAvailable, ImportError) as error:
        return str(error)
    return ''


def our_config(*, improved: bool = False) -> ConfigDict:
    """The model of the preset ``mmdet``, ResNet-50, without weights to load.

    Args:
        improved: with the improvements of the released code (center sampling,
            normalised targets, center-ness on the regression tower, GIoU).
    """
    config = Config.fromfile(CONFIGS / 'fcos_mmdet.py')
    if improved:
        head = Config.fromfile(CONFIGS / 'fcos_improvements.py').improved_head
        config.merge_from_dict(dict(model=dict(bbox_head=head.to_dict())))
    config.model.backbone.init_cfg = None
    return config.model


def mmdet_config(ours: ConfigDict) -> ConfigDict:
    """The same model in mmdet's own components."""
    theirs, head = copy.deepcopy(ours), ours.bbox_head
    theirs.type = 'mmdet.FCOS'
    theirs.bbox_head = ConfigDict(
        type='mmdet.FCOSHead',
        **{name: head[name] for name in ('num_classes', 'in_channels', 'feat_channels',
                                         'stacked_convs', 'strides', 'conv_bias', 'norm_cfg')},
        loss_cls=dict(type='mmdet.FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25,
                      loss_weight=1.0),
        loss_bbox=dict(type='mmdet.IoULoss', loss_weight=1.0),
        loss_centerness=dict(type='mmdet.CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0))
    if head.regression == 'relu':
        theirs.bbox_head.update(IMPROVED)
    return theirs


def build(config: ConfigDict, device: str, weights: nn.Module | None = None) -> nn.Module:
    """Build a model or a part of one.

    Args:
        config: its config.
        device: of the module.
        weights: a module of the same parameter names to copy weights from;
            None: random ones, the same at every call.
    """
    with torch.random.fork_rng(devices=[]), DefaultScope.overwrite_default_scope('fcos_mm'):
        torch.manual_seed(0)
        module = MODELS.build(config)
    if weights is not None:
        module.load_state_dict(weights.state_dict(), strict=True)
    return module.to(device)


def build_detectors(device: str, *, improved: bool = False) -> tuple[nn.Module, nn.Module]:
    """Our FCOS and mmdet's, R-50, with the same random weights.

    Class scores begin near 0.01, as in training.

    Args:
        device: of both.
        improved: see :func:`our_config`.
    """
    config = our_config(improved=improved)
    ours = build(config, device)
    nn.init.normal_(ours.bbox_head.conv_cls.weight, std=0.01)
    nn.init.constant_(ours.bbox_head.conv_cls.bias, -4.595)
    return ours, build(mmdet_config(config), device, weights=ours)


def build_heads(device: str, *, improved: bool = False,
                center_sampling: bool = False) -> tuple[nn.Module, nn.Module]:
    """Our FCOSHead and mmdet's with the same random weights.

    Args:
        device: of both.
        improved: see :func:`our_config`.
        center_sampling: within 1.5 strides; the improved heads always sample.
    """
    config = our_config(improved=improved)
    theirs = mmdet_config(config)
    if center_sampling:
        config.bbox_head.assigner.center_sampling_radius = 1.5
        theirs.bbox_head.update(center_sampling=True, center_sample_radius=1.5)
    ours = build(dict(config.bbox_head, test_cfg=config.test_cfg), device)
    theirs = build(dict(theirs.bbox_head, test_cfg=theirs.test_cfg), device, weights=ours)
    return ours, theirs
