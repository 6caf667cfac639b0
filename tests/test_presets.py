"""The presets against the tables of docs/configs.md, the recipe against the paper's text."""
import fcos_mm  # noqa: F401  isort: skip
from pathlib import Path

import mmdet
import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS, DefaultScope
from torch import nn

from fcos_mm.registry import MODELS, TRANSFORMS

ROOT = Path(__file__).resolve().parents[1] / 'configs'
R50 = 'fcos/fcos_r50-caffe_fpn_gn-head'
PRESETS = {
    'paper': f'{R50}_1x_coco.py',
    'official': f'{R50}_official_1x_coco.py',
    'mmdet': f'{R50}_mmdet_1x_coco.py',
}
MMDET = Path(mmdet.__file__).parent / '.mim/configs/fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py'


def build(cfg, scope='fcos_mm'):
    with DefaultScope.overwrite_default_scope(scope):
        return MODELS.build(cfg)


def detector(path, **head_options):
    """Build the model of a config; it starts from nothing, so that nothing is downloaded."""
    cfg = Config.fromfile(path)
    cfg.model.backbone.init_cfg = None
    cfg.model.bbox_head.update(head_options)
    return build(cfg.model, scope=cfg.default_scope)


def test_recipe_of_the_paper():
    cfg = Config.fromfile(ROOT / PRESETS['paper'])
    assert cfg.train_cfg.type == 'IterBasedTrainLoop' and cfg.train_cfg.max_iters == 90000
    assert cfg.optim_wrapper == dict(
        type='OptimWrapper',
        optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.0001))
    assert cfg.train_dataloader.batch_size * 8 == cfg.auto_scale_lr.base_batch_size == 16
    assert cfg.train_dataloader.sampler.type == 'InfiniteSampler'
    for pipeline in (cfg.train_pipeline, cfg.test_pipeline):
        resize = [step for step in pipeline if step.type == 'Resize']
        assert resize == [dict(type='Resize', scale=(1333, 800), keep_ratio=True)]
    assert cfg.model.data_preprocessor == dict(
        type='DetDataPreprocessor', mean=[102.9801, 115.9465, 122.7717], std=[1., 1., 1.],
        bgr_to_rgb=False, pad_size_divisor=32)
    backbone, neck = cfg.model.backbone, cfg.model.neck
    assert (backbone.depth, backbone.frozen_stages, backbone.norm_eval) == (50, 1, True)
    assert backbone.norm_cfg.requires_grad is False
    assert (neck.add_extra_convs, neck.num_outs, neck.start_level) == ('on_output', 5, 1)
    assert cfg.model.test_cfg.max_per_img == 100 and cfg.model.test_cfg.nms_pre == 1000


def learning_rates(name, wanted, by_epoch_length=None):
    """Return the rates at the wanted iterations by running the schedulers."""
    cfg = Config.fromfile(ROOT / name)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(()))], lr=cfg.optim_wrapper.optimizer.lr)
    schedulers = [
        PARAM_SCHEDULERS.build(dict(optimizer=optimizer, **scheduler))
        for scheduler in cfg.param_scheduler
    ]
    optimizer.step()
    rates = {}
    for iteration in range(max(wanted) + 1):
        if iteration in wanted:
            rates[iteration] = optimizer.param_groups[0]['lr']
        for scheduler in schedulers:
            if not scheduler.by_epoch or (iteration + 1) % by_epoch_length == 0:
                scheduler.step()
    return rates


@pytest.mark.parametrize('name, length, expected', [
    (PRESETS['paper'], None,
     {0: 0.01 / 3, 250: 0.01 * (1 + 2 * 250 / 499) / 3, 500: 0.01, 59999: 0.01, 60000: 0.001,
      79999: 0.001, 80000: 0.0001, 89999: 0.0001}),
    (PRESETS['official'], None,
     {0: 0.01 / 3, 498: 0.01 / 3, 500: 0.01, 59999: 0.01, 60000: 0.001, 80000: 0.0001}),
    (PRESETS['mmdet'], 1000,
     {0: 0.01 / 3, 500: 0.01, 7999: 0.01, 8000: 0.001, 10999: 0.001, 11000: 0.0001}),
    ('fcos/fcos_r101-caffe_fpn_gn-head_ms-640-800-2x_coco.py', None,
     {0: 0.01 / 3, 500: 0.01, 119999: 0.01, 120000: 0.001, 160000: 0.0001}),
], ids=['paper', 'official', 'mmdet', '2x'])
def test_learning_rate(name, length, expected):
    assert learning_rates(name, expected, length) == pytest.approx(expected)


def test_long_schedule_has_scale_jitter():
    for backbone in ('r101-caffe', 'x101-32x8d', 'x101-64x4d'):
        cfg = Config.fromfile(ROOT / f'fcos/fcos_{backbone}_fpn_gn-head_ms-640-800-2x_coco.py')
        assert cfg.train_cfg.max_iters == 180000
        assert cfg.train_dataloader.dataset.pipeline[2] == dict(
            type='RandomResize', scale=[(1333, 640), (1333, 800)], keep_ratio=True)


def test_scale_jitter_draws_every_size_between():
    cfg = Config.fromfile(ROOT / 'fcos/fcos_r101-caffe_fpn_gn-head_ms-640-800-2x_coco.py')
    np.random.seed(0)
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        resize = TRANSFORMS.build(cfg.train_pipeline[2])
        sizes = {resize._random_scale() for _ in range(3000)}
    assert {long for long, _ in sizes} == {1333}
    assert {short for _, short in sizes} == set(range(640, 801))


# What the table in docs/configs.md says, row by row.
NUMERICS = {
    'location in a cell': (lambda h: h.location_generator.offset, 'floor', 'floor', 'half'),
    'range bounds': (lambda h: h.assigner.range_bounds, 'inclusive', 'inclusive', 'inclusive'),
    'regress ranges': (lambda h: [m for m, _ in h.assigner.regress_ranges],
                       *[[0, 64, 128, 256, 512]] * 3),
    'center sampling': (lambda h: h.assigner.center_sampling_radius, None, None, None),
    'box convention': (lambda h: h.box_convention, 'continuous', 'pixel', 'continuous'),
    'regression': (lambda h: h.regression, 'exp', 'exp', 'exp'),
    'IoU loss': (lambda h: (h.criterion.loss_bbox.form, h.criterion.loss_bbox.loss_weight),
                 ('log', 1), ('smoothed_log', 1), ('log', 1)),
    'floor of the IoU': (lambda h: h.criterion.loss_bbox.eps, 1e-6, 1e-6, 1e-6),
    'regression weight': (lambda h: h.criterion.bbox_weight, 'none', 'centerness', 'centerness'),
    'focal loss': (lambda h: (h.criterion.loss_cls.gamma, h.criterion.loss_cls.alpha),
                   *[(2.0, 0.25)] * 3),
    'threshold': (lambda h: (h.postprocess.threshold_on, h.test_cfg['score_thr']),
                  *[('class_score', 0.05)] * 3),
    'top 1000 ranked by': (lambda h: (h.postprocess.rank_by, h.test_cfg['nms_pre']),
                           ('score', 1000), ('score', 1000), ('class_score', 1000)),
    'final score': (lambda h: h.postprocess.score, 'product', 'sqrt', 'product'),
    'NMS': (lambda h: dict(h.test_cfg['nms']), dict(type='nms', iou_threshold=0.5),
            dict(type='nms', iou_threshold=0.6, offset=1), dict(type='nms', iou_threshold=0.5)),
    'detections': (lambda h: (h.test_cfg['max_per_img'], h.test_cfg['min_bbox_size']),
                   *[(100, 0)] * 3),
    'boxes clipped': (lambda h: h.postprocess.clip, 'before_nms', 'before_nms', 'before_nms'),
    'crowd boxes': (lambda h: h.assigner.crowd, 'drop', 'drop', 'drop'),
    'tower bias': (lambda h: h.cls_convs[0].conv.bias is not None, True, True, False),
    'center-ness': (lambda h: (h.quality.source, h.quality.position, h.quality.num_convs),
                    *[('branch', 'cls', 0)] * 3),
}


@pytest.fixture(scope='module')
def preset_heads():
    heads = {}
    for preset, name in PRESETS.items():
        model = Config.fromfile(ROOT / name).model
        heads[preset] = build(ConfigDict(model.bbox_head, test_cfg=model.test_cfg))
    return heads


@pytest.mark.parametrize('preset', PRESETS)
@pytest.mark.parametrize('row', NUMERICS)
def test_preset_row(preset_heads, row, preset):
    getter, *expected = NUMERICS[row]
    assert getter(preset_heads[preset]) == expected[list(PRESETS).index(preset)]


@pytest.mark.parametrize('name, expected', [
    ('adelaidet_1x', dict(
        offset='floor', bounds='inclusive', loss='LTRBIoULoss', weight='centerness',
        threshold=('class_score', 0.05))),
    ('detectron2_ms-640-800-1x', dict(
        offset='half', bounds='strict', loss='GIoULoss', weight='none', threshold=('score', 0.2)))])
def test_presets_of_converted_checkpoints(name, expected):
    cfg = Config.fromfile(ROOT / f'{R50}_{name}_coco.py')
    head, test_cfg = cfg.model.bbox_head, cfg.model.test_cfg
    assert expected == dict(
        offset=head.location_offset, bounds=head.assigner.range_bounds,
        loss=head.loss.loss_bbox.type, weight=head.loss.bbox_weight,
        threshold=(head.postprocess.threshold_on, test_cfg.score_thr))
    assert (head.regression, head.centerness.position, head.assigner.center_sampling_radius) == (
        'relu', 'reg', 1.5)
    assert (head.postprocess.score, head.postprocess.clip, head.postprocess.rank_by) == (
        'sqrt', 'after_nms', 'score')
    assert (test_cfg.nms, test_cfg.min_bbox_size) == (dict(type='nms', iou_threshold=0.6), -1)
    assert cfg.model.data_preprocessor.mean == [103.53, 116.28, 123.675]
    for pipeline in (cfg.train_dataloader.dataset.pipeline, cfg.test_dataloader.dataset.pipeline):
        resize, = (step for step in pipeline if 'Resize' in step.type)
        assert (resize.backend, resize.rounding) == ('pillow', 'detectron2')
    assert learning_rates(f'{R50}_{name}_coco.py', {0: 0, 999: 0, 1000: 0, 60000: 0}) == (
        pytest.approx({0: 1e-5, 999: 0.01, 1000: 0.01, 60000: 0.001}))
    assert cfg.optim_wrapper.paramwise_cfg == dict(norm_decay_mult=0.)


@pytest.mark.parametrize('preset, conv_bias, gn_bias, clip_grad', [
    ('paper', (0.01, 0.0001), (0.01, 0.0001), None),
    ('official', (0.02, 0.), (0.02, 0.), None),
    ('mmdet', None, (0.01, 0.), dict(max_norm=35, norm_type=2)),
])
def test_preset_optimizer(preset_heads, preset, conv_bias, gn_bias, clip_grad):
    head = preset_heads[preset]
    wrapper = Config.fromfile(ROOT / PRESETS[preset]).optim_wrapper
    groups = build_optim_wrapper(head, wrapper).optimizer.param_groups
    rate = {id(p): (g['lr'], g['weight_decay']) for g in groups for p in g['params']}
    tower = head.cls_convs[0]
    assert rate[id(tower.conv.weight)] == (0.01, 0.0001)
    assert rate[id(tower.gn.bias)] == gn_bias
    if conv_bias is not None:
        assert rate[id(tower.conv.bias)] == conv_bias
    assert rate[id(head.conv_reg.bias)] == (conv_bias or (0.02, 0.))
    assert wrapper.get('clip_grad') == clip_grad


def test_mmdet_preset_has_the_parameters_of_mmdet():
    theirs = detector(MMDET).state_dict()
    ours = detector(ROOT / PRESETS['mmdet']).state_dict()
    assert {n: p.shape for n, p in ours.items()} == {n: p.shape for n, p in theirs.items()}


@pytest.mark.parametrize('part', [
    'train_cfg', 'optim_wrapper', 'param_scheduler', 'auto_scale_lr', 'train_dataloader',
    'val_dataloader', 'test_dataloader', 'val_evaluator', 'model.test_cfg', 'model.backbone',
    'model.data_preprocessor'])
def test_mmdet_preset_is_mmdets_config_outside_the_head(part):
    ours, theirs = Config.fromfile(ROOT / PRESETS['mmdet']), Config.fromfile(MMDET)
    for key in part.split('.'):
        ours, theirs = ours[key], theirs[key]
    assert ours == theirs


def test_parameters_of_torchvision():
    """torchvision's FCOS R-50 has 91 classes, no scales, batch norm outside the parameters."""
    model = detector(ROOT / PRESETS['paper'], num_classes=91)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    count = sum(p.numel() for p in model.parameters())
    count -= sum(p.numel() for m in norms for p in m.parameters())
    assert count - len(model.bbox_head.scales) == 32_269_600


def test_fcos_rt_is_adelaidets():
    """``MS_DLA_34_4x_syncbn.yaml`` and what it inherits, by our names."""
    cfg = Config.fromfile(ROOT / 'fcos/fcos-rt_dla34_fpn_gn-head_ms-256-608-4x_coco.py')
    head, neck = cfg.model.bbox_head, cfg.model.neck
    assert (head.strides, neck.num_outs, neck.start_level) == ((8, 16, 32), 3, 0)
    assert head.assigner.regress_ranges == ((0, 64), (64, 128), (128, None))
    assert head.assigner.center_sampling_radius == 1.5
    assert (head.regression, head.centerness.position) == ('relu', 'reg')
    assert (head.loss.loss_bbox.form, head.loss.bbox_weight) == ('smoothed_giou', 'centerness')
    assert (head.box_convention, head.location_offset) == ('continuous', 'floor')
    assert (head.postprocess.score, head.postprocess.clip) == ('sqrt', 'after_nms')
    assert head.postprocess.threshold_on == 'class_score'
    assert cfg.model.test_cfg.nms == dict(type='nms', iou_threshold=0.6)
    assert cfg.model.data_preprocessor.mean == [103.53, 116.28, 123.675]
    resize, = (step for step in cfg.train_pipeline if step.type == 'RandomChoiceResize')
    assert resize.scales == [(900, side) for side in range(256, 609, 32)]
    tested = cfg.test_dataloader.dataset.pipeline[1]
    assert tested.scale == (736, 512)
    assert {(step.backend, step.rounding) for step in (resize, tested)} == {
        ('pillow', 'detectron2')}
    assert (cfg.train_cfg.max_iters, cfg.param_scheduler[1].milestones) == (
        360000, [300000, 340000])
    assert cfg.train_dataloader.dataset.pipeline == cfg.train_pipeline


@pytest.mark.parametrize('name, shared, towers, norms', [
    ('dla34_fpn_gn-head', 0, 4, None), ('dla34_fpn_gn-head-shared', 4, 0, None),
    ('dla34_fpn_bn-head', 0, 4, 3), ('dla34_fpn_bn-head-shared', 4, 0, 3),
    ('r50-caffe_fpn_bn-head', 0, 4, 3)])
def test_towers_of_fcos_rt(name, shared, towers, norms):
    cfg = Config.fromfile(ROOT / f'fcos/fcos-rt_{name}_ms-256-608-4x_coco.py')
    with torch.device('meta'):
        head = build(cfg.model.bbox_head)
    assert [len(tower) for tower in (head.shared_convs, head.cls_convs, head.reg_convs)] == [
        shared, towers, towers]
    for conv in (*head.shared_convs, *head.cls_convs, *head.reg_convs):
        assert conv.conv.bias is not None
        assert len(conv.bns) == norms if norms else conv.norm_name == 'gn'
