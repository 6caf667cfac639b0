"""Backbones, necks and heads that fit each other or do not."""
import copy
from pathlib import Path

import torch
from fuzz_tools import outcome
from hypothesis import strategies as st
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from fcos_mm.config import check_config
from fcos_mm.config.checks.model_shapes import shape_faults
from fcos_mm.registry import MODELS

#: What fits, and for each setting what may stand there instead.
FITS = dict(
    type='FCOS',
    backbone=dict(type='ResNet', depth=18, base_channels=8, out_indices=(0, 1, 2, 3)),
    neck=dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=16, start_level=1, num_outs=4),
    bbox_head=dict(
        type='FCOSHead', num_classes=2, in_channels=16, feat_channels=16, stacked_convs=1,
        strides=(8, 16, 32, 64), norm_cfg=dict(type='GN', num_groups=4),
        assigner=dict(type='FCOSAssigner', regress_ranges=((0, 32), (32, 64), (64, 128),
                                                           (128, 1e8)))))
OTHERS = [
    ('backbone.out_indices', [(1, 2, 3), (0, 1, 2), (3, )]),
    ('backbone.base_channels', [16]),
    ('backbone.norm_cfg', [dict(type='GN', num_groups=8), dict(type='GN', num_groups=3)]),
    ('neck', [None]),
    ('neck.in_channels', [[16, 32, 64], [16, 32, 64, 128], [8, 16, 32], [64, 32, 16, 8]]),
    ('neck.out_channels', [8, 32]),
    ('neck.start_level', [0, 2, 3, 4]),
    ('neck.end_level', [1, 2, 3, 7]),
    ('neck.num_outs', [1, 2, 3, 5]),
    ('neck.add_extra_convs', ['on_input', 'on_output']),
    ('bbox_head.in_channels', [8, 64]),
    ('bbox_head.feat_channels', [6, 32]),
    ('bbox_head.norm_cfg.num_groups', [0, 3, 16]),
    ('bbox_head.strides', [(4, 8, 16, 32), (8, 16, 32), (16, 32, 64, 128), (8, 16, 32, 32),
                           (32, )]),
    ('bbox_head.assigner.regress_ranges', [((0, 1e8), ), ((0, 32), (32, 64), (64, 1e8)),
                                           ((64, 1e8), (32, 64), (16, 32), (0, 16))])]


def cases() -> st.SearchStrategy:
    """A few settings and which other value each gets."""
    setting = st.sampled_from(range(len(OTHERS))).flatmap(
        lambda number: st.tuples(st.just(number), st.integers(0, len(OTHERS[number][1]) - 1)))
    return st.lists(setting, max_size=3, unique_by=lambda setting: setting[0])


def check(case: list, folder: Path) -> str:
    """What is accepted trains, on maps of the right strides; what would is not refused.

    Args:
        case: Of :func:`cases`.
        folder: Not used.
    """
    model = changed(case)
    cfg = Config(dict(model=copy.deepcopy(model)))
    _, said = outcome(lambda: check_config(cfg, 'train', [shape_faults]), 'model.')
    try:
        problem = train(model)
    except Exception as error:
        problem = f'{type(error).__name__}: {error}'
    assert (said == 'refused') == (problem is not None), (model, problem)
    return said


def changed(case: list) -> dict:
    """The model with the settings of a case; those of a neck that was taken away are left out."""
    model = copy.deepcopy(FITS)
    for number, which in case:
        key, values = OTHERS[number]
        *parents, last = key.split('.')
        part = model
        for parent in parents:
            part = part[parent]
        if part is not None:
            part[last] = values[which]
    return model


def train(model: dict) -> str | None:
    """Take a step; return what is wrong with the strides or ranges, which does not end it."""
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        detector = MODELS.build(copy.deepcopy(model))
    image = torch.zeros(2, 3, 128, 128)
    sample = DetDataSample(metainfo=dict(img_shape=(128, 128)))
    sample.gt_instances = InstanceData(
        bboxes=torch.tensor([[10., 10., 90., 60.]]), labels=torch.zeros(1, dtype=torch.long))
    sum(v.sum() for v in detector.loss(image, [sample, sample]).values()).backward()
    found = tuple(128 // m.size(3) for m in detector.extract_feat(image))
    if found != detector.bbox_head.strides:
        return f'strides are {found}'
    ranges = detector.bbox_head.assigner.regress_ranges
    return 'ranges fall' if list(ranges) != sorted(ranges) else None
