"""mmdet's FCOS, from the picture to the detections: its own detector and the converted one."""
import copy
from pathlib import Path

import mmdet
import numpy as np
import pytest
import torch
from mmdet.apis import inference_detector, init_detector
from mmdet.datasets import CocoDataset
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from torch import nn

from fcos_mm.apis.converting.back import convert_back
from fcos_mm.apis.detection.opening import find_network, open_network
from fcos_mm.checkpoints.convert.mmdet import MMDET, VARIANTS
from fcos_mm.checkpoints.convert.mmdet_config import our_settings
from fcos_mm.errors import UserError

CONFIGS = Path(mmdet.__file__).parent / '.mim/configs/fcos'
R50 = 'fcos_r50-caffe_fpn_gn-head'
IMPROVED = 'center-normbbox-centeronreg-giou'
TRIED = (f'{R50}_1x_coco', f'fcos_r50-dcn-caffe_fpn_gn-head-{IMPROVED}_1x_coco',
         f'fcos_r18_fpn_gn-head-{IMPROVED}_8xb8-amp-lsj-200e_coco')
COCO = tuple(CocoDataset.METAINFO['classes'])
MMDET_2 = '''
model = dict(
    type='FCOS', pretrained='open-mmlab://detectron/resnet50_caffe',
    backbone=dict(type='ResNet', depth=18, base_channels=8, stem_channels=8, num_stages=4,
                  out_indices=(0, 1, 2, 3), frozen_stages=1,
                  norm_cfg=dict(type='BN', requires_grad=False), norm_eval=True, style='caffe'),
    neck=dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=64, start_level=1,
              add_extra_convs='on_output', num_outs=5, relu_before_extra_convs=True),
    bbox_head=dict(
        type='FCOSHead', num_classes=80, in_channels=64, stacked_convs=2, feat_channels=64,
        strides=[8, 16, 32, 64, 128],
        loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type='IoULoss', loss_weight=1.0),
        loss_centerness=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)))
train_cfg = dict(assigner=dict(type='MaxIoUAssigner'), allowed_border=-1)
test_cfg = dict(nms_pre=1000, min_bbox_size=0, score_thr=0.05,
                nms=dict(type='nms', iou_thr=0.5), max_per_img=100)
img_norm_cfg = dict(mean=[102.9801, 115.9465, 122.7717], std=[1.0, 1.0, 1.0], to_rgb=False)
data = dict(test=dict(type='CocoDataset', pipeline=[
    dict(type='LoadImageFromFile'),
    dict(type='MultiScaleFlipAug', img_scale=(200, 130), flip=False, transforms=[
        dict(type='Resize', keep_ratio=True), dict(type='RandomFlip'),
        dict(type='Normalize', mean=[102.9801, 115.9465, 122.7717], std=[1.0, 1.0, 1.0],
             to_rgb=False),
        dict(type='Pad', size_divisor=32), dict(type='ImageToTensor', keys=['img']),
        dict(type='Collect', keys=['img'])])]))
'''


def narrow_config(name):
    """A config that mmdet ships, with an eighth of the channels, for small pictures."""
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.model.backbone.update(init_cfg=None, base_channels=8, stem_channels=8)
    if 'dcn' not in name:
        cfg.model.backbone.depth = 18
    channels = [8, 16, 32, 64] if cfg.model.backbone.depth == 18 else [32, 64, 128, 256]
    cfg.model.neck.update(in_channels=channels, out_channels=64)
    cfg.model.bbox_head.update(in_channels=64, feat_channels=64, stacked_convs=2)
    for step in (*cfg.test_pipeline, *cfg.test_dataloader.dataset.pipeline):
        if step.type == 'Resize':
            step.scale = (200, 130)
    return cfg


def lively(model):
    """Weights that detect something, the same at every call."""
    torch.manual_seed(0)
    for name, value in model.state_dict().items():
        if value.dim() > 1:
            nn.init.normal_(value, std=0.02 if 'offset' in name else (2 / value[0].numel())**0.5)
        elif 'bn' in name and ('var' in name or 'weight' in name):
            value.data.uniform_(0.5, 1.)
        elif 'scale' in name:
            value.data.uniform_(0.8, 1.2)
    model.backbone.bn1.running_var.fill_(1e4)  # brings the images to numbers near 1
    nn.init.normal_(model.bbox_head.conv_cls.weight, std=0.05)
    model.bbox_head.conv_cls.bias.data.fill_(-2.)
    nn.init.normal_(model.bbox_head.conv_reg.weight, std=0.05)
    model.bbox_head.conv_reg.bias.data.fill_(1.5)
    return model


def their_detector(cfg, checkpoint=None):
    with DefaultScope.overwrite_default_scope('mmdet'):
        return init_detector(copy.deepcopy(cfg), checkpoint, device='cpu')


def theirs(model, picture):
    with DefaultScope.overwrite_default_scope('mmdet'):
        found = inference_detector(model, picture).pred_instances.numpy()
    return found.bboxes, found.scores, found.labels


@pytest.fixture(scope='module', params=TRIED, ids=['plain', 'dcn', 'pytorch'])
def detector(request, tmp_path_factory, converted):
    """mmdet's detector, its config, the checkpoint as mmdet writes it, and the converted one."""
    cfg = narrow_config(request.param)
    model = lively(their_detector(cfg))
    path = tmp_path_factory.mktemp('mmdet') / 'theirs.pth'
    torch.save(dict(meta=dict(cfg=cfg.pretty_text, dataset_meta=dict(classes=COCO)),
                    state_dict=model.state_dict()), path)
    return model, cfg, path, converted(path)


def test_detections_and_the_way_back(detector, detect, picture, tmp_path,
                                     assert_same_detections):
    model, cfg, path, out = detector
    assert_same_detections(detect(out, picture), theirs(model, picture))
    back = tmp_path / 'back.pth'
    convert_back(str(out), str(back), 'mmdet')
    again, expected = (torch.load(file)['state_dict'] for file in (back, path))
    assert again.keys() == expected.keys()
    assert all(torch.equal(again[name], expected[name]) for name in expected)
    rebuilt = their_detector(Config.fromfile(back.with_suffix('.py')), str(back))
    for one, other in zip(theirs(rebuilt, picture), theirs(model, picture)):
        np.testing.assert_array_equal(one, other)


def test_losses(detector):
    model, _, _, out = detector
    ours = open_network(find_network(str(out), device='cpu'), device='cpu').inferencer.model
    torch.manual_seed(1)
    maps = [torch.randn(2, 64, -(-160 // stride), -(-224 // stride))
            for stride in (8, 16, 32, 64, 128)]
    truth = [InstanceData(bboxes=torch.tensor([(10., 20, 90, 120), (50, 40, 200, 150)]),
                          labels=torch.tensor([3, 79])),
             InstanceData(bboxes=torch.tensor([(5., 5, 30, 40)]), labels=torch.tensor([0]))]
    metas = [dict(img_shape=(160, 224), batch_input_shape=(160, 224))] * 2
    expected, found = (
        head.train().loss_by_feat(*head(maps), truth, metas)
        for head in (model.bbox_head, ours.bbox_head))
    model.bbox_head.eval()
    for name, loss in expected.items():
        assert found[name].item() == pytest.approx(loss.item(), rel=1e-4), name


def test_every_config_that_mmdet_ships_converts():
    for file in sorted(CONFIGS.glob('*.py')):
        cfg = Config.fromfile(file)
        head = our_settings(cfg.to_dict(), 80)['model'].get('bbox_head', {})
        regression = 'relu' if cfg.model.bbox_head.get('norm_on_bbox') else None
        assert head.get('regression') == regression, file
        radius = 1.5 if cfg.model.bbox_head.get('center_sampling') else None
        assert head.get('assigner', {}).get('center_sampling_radius') == radius, file
        assert head.get('dcn_on_last_conv', False) == ('dcn' in file.stem), file


def old_names(name):
    """A name as mmdet 1 wrote it."""
    if 'convs' not in name:
        name = name.replace('conv_cls', 'fcos_cls').replace('conv_reg', 'fcos_reg')
    return name.replace('conv_centerness', 'fcos_centerness').replace('.conv_offset', '_offset')


@pytest.fixture(scope='module')
def plain():
    model = lively(their_detector(narrow_config(TRIED[0])))
    return model, {old_names(name): value for name, value in model.state_dict().items()}


def test_a_checkpoint_of_mmdet_2(plain, converted, detect, picture, tmp_path,
                                 assert_same_detections):
    model, weights = plain
    path = tmp_path / 'old.pth'
    torch.save(dict(meta=dict(config=MMDET_2, CLASSES=COCO, mmdet_version='2.0.0'),
                    state_dict=weights, optimizer={}), path)
    assert_same_detections(detect(converted(path), picture), theirs(model, picture))


def test_without_a_config_the_variant_is_asked_for(plain, converted, detect, picture, tmp_path,
                                                   assert_same_detections):
    model, weights = plain
    path = tmp_path / 'weights.pth'
    torch.save({f'module.{name}': value for name, value in weights.items()}, path)
    with pytest.raises(UserError, match='--config FILE[^$]*--variant caffe') as error:
        converted(path)
    assert all(name in str(error.value) for name in VARIANTS)
    with pytest.raises(UserError, match='improved: r50-caffe and'):
        converted(path, variant='cafe')
    out = converted(path, variant='caffe')
    scale = {'test_dataloader.dataset.pipeline.1.scale': (200, 130)}
    assert_same_detections(detect(out, picture, **scale), theirs(model, picture))
    config = tmp_path / 'theirs.py'
    narrow_config(TRIED[0]).dump(config)
    assert_same_detections(detect(converted(path, config=str(config)), picture),
                           theirs(model, picture))


def test_the_variant_finds_deformable_convolutions_by_shapes():
    cfg = narrow_config(TRIED[1])
    weights = their_detector(cfg).state_dict()
    settings = MMDET.read(weights, {}, 'caffe-improved').settings['model']
    backbone = settings['backbone']
    assert backbone['dcn'] == cfg.model.backbone.dcn
    assert backbone['stage_with_dcn'] == cfg.model.backbone.stage_with_dcn
    assert settings['bbox_head']['dcn_on_last_conv'] is True
    assert settings['bbox_head']['regression'] == 'relu'


def broken(weights, change, meta=None, tmp_path=None):
    weights = dict(weights)
    change(weights)
    torch.save(dict(state_dict=weights, meta=dict(config=MMDET_2) if meta is None else meta),
               tmp_path / 'broken.pth')
    return tmp_path / 'broken.pth'


@pytest.mark.parametrize('change, message', [
    (lambda weights: weights.pop('bbox_head.reg_convs.1.gn.bias'),
     r'1 of \d+ entries differ[^$]*reg_convs.1.gn.bias'),
    (lambda weights: weights.update({'bbox_head.conv_mask.weight': torch.zeros(1)}),
     'weights are unknown: bbox_head.conv_mask.weight'),
    (lambda weights: weights.update({'backbone.layer5.0.conv1.weight': torch.zeros(1)}),
     'no place in the model: backbone.layer5.0.conv1.weight'),
    (lambda weights: weights.update({'backbone.bn1.bias': torch.full((8, ), float('nan'))}),
     'hold NaN'),
])
def test_weights_that_are_missing_or_left_over(plain, converted, tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        converted(broken(plain[1], change, tmp_path=tmp_path))


@pytest.mark.parametrize('old, new, message', [
    ("type='FCOS'", "type='ATSS'", 'describes ATSS with FCOSHead, not FCOS'),
    ('strides=[8, 16, 32, 64, 128],', 'strides=[8, 16, 32, 64, 128], cls_predictor_cfg=dict(),',
     r'model.bbox_head.cls_predictor_cfg=\{\} of the config has no equivalent'),
    ('strides=[8, 16, 32, 64, 128],', 'strides=[8, 16, 32, 64, 128], my_option=1,',
     'model.bbox_head.my_option of the config has no equivalent'),
    ("img_norm_cfg = dict(mean=[102.9801, 115.9465, 122.7717]", "img_norm_cfg = print('x'",
     'could run code'),
    ("type='Normalize'", "type='Normalise'", 'how images are normalised is unknown'),
    ("dict(type='Resize', keep_ratio=True), ", '', 'no single Resize'),
    ('img_scale=(200, 130), flip=False', 'img_scale=(200, 130), flip=True', 'mirror images'),
    ("type='ResNet', depth", "type='os.system', depth", 'could run code[^$]*os.system'),
])
def test_configs_that_are_refused(plain, converted, tmp_path, old, new, message):
    assert old in MMDET_2
    meta = dict(config=MMDET_2.replace(old, new, 1))
    with pytest.raises(UserError, match=message):
        converted(broken(plain[1], lambda weights: None, meta, tmp_path))
