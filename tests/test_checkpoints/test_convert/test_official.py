"""Weights of the released code: the same detections, maps and losses as that code gives.

The golden files hold what the code itself computed: ``tests/golden/official/README.md``.
"""
import copy
import functools
import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from fcos_mm.apis.detection.network import Network
from fcos_mm.apis.trained_model import TrainedModel
from fcos_mm.checkpoints.convert.official import OFFICIAL
from fcos_mm.config import load_config
from fcos_mm.config.shipped import shipped_configs
from fcos_mm.errors import UserError
from fcos_mm.registry import MODELS

GOLDEN = Path(__file__).parents[2] / 'golden/official'
BOXES = np.array([[5, 7, 60, 52], [20, 10, 130, 100], [70.5, 30.25, 25.5, 40], [90, 60, 12, 14],
                  [1, 1, 148, 107]])  # x, y, width, height in the picture 'wide'
LABELS = [0, 1, 2, 4, 3]
PICTURES = {'wide': (151, 110, 1), 'tall': (90, 163, 2)}
SMALL_R50 = dict(depth=50, width=8, res2=32, stem=8)
SMALL_X101 = dict(depth=101, groups=4, width=2, res2=16, stem=8)
C3_TO_C5, C4_TO_C5 = (False, True, True, True), (False, False, True, True)
CASES = {
    'plain_r50': SMALL_R50,
    'improved_r50': SMALL_R50,
    'improved_r50_dcn': dict(SMALL_R50, dcn=C3_TO_C5, tower_dcn=True),
    'improved_x101_dcn': dict(SMALL_X101, dcn=C4_TO_C5, tower_dcn=True),
    'plain_mobilenetv2': dict(depth=None)}
X32, X64 = dict(depth=101, groups=32, width=8), dict(depth=101, groups=64, width=4)
DCN, X_DCN = dict(dcn=C3_TO_C5, tower_dcn=True), dict(dcn=C4_TO_C5, tower_dcn=True)
R101 = dict(depth=101)
IMPROVED = 'gn-head-center-normbbox-centeronreg-giou'
# File of the model zoo: layout, and the config that is inherited.
ZOO = {
    'FCOS_R_50_FPN_1x': ({}, 'r50-caffe_fpn_gn-head_official_1x'),
    'FCOS_R_101_FPN_2x': (R101, 'r101-caffe_fpn_gn-head_ms-640-800-2x'),
    'FCOS_X_101_32x8d_FPN_2x': (X32, 'x101-32x8d_fpn_gn-head_ms-640-800-2x'),
    'FCOS_X_101_64x4d_FPN_2x': (X64, 'x101-64x4d_fpn_gn-head_ms-640-800-2x'),
    'FCOS_imprv_R_50_FPN_1x': ({}, f'r50-caffe_fpn_{IMPROVED}_official_1x'),
    'FCOS_imprv_dcnv2_R_50_FPN_1x': (DCN, f'r50-dcn-caffe_fpn_{IMPROVED}_1x'),
    'FCOS_imprv_R_101_FPN_2x': (R101, f'r101-caffe_fpn_{IMPROVED}_ms-640-800-2x'),
    'FCOS_imprv_dcnv2_R_101_FPN_2x': (
        {**R101, **DCN}, f'r101-dcn-caffe_fpn_{IMPROVED}_ms-640-800-2x'),
    'FCOS_imprv_X_101_32x8d_FPN_2x': (X32, f'x101-32x8d_fpn_{IMPROVED}_ms-640-800-2x'),
    'FCOS_imprv_dcnv2_X_101_32x8d_FPN_2x': (
        {**X32, **X_DCN}, f'x101-32x8d-dcn_fpn_{IMPROVED}_ms-640-800-2x'),
    'FCOS_imprv_X_101_64x4d_FPN_2x': (X64, f'x101-64x4d_fpn_{IMPROVED}_ms-640-800-2x'),
    'FCOS_imprv_dcnv2_X_101_64x4d_FPN_2x': (
        {**X64, **X_DCN}, f'x101-64x4d-dcn_fpn_{IMPROVED}_ms-640-800-2x'),
    'FCOS_syncbn_bs32_c128_MNV2_FPN_1x': (
        dict(depth=None, channels=128), 'mobilenetv2_fpn_gn-head_1x'),
    'FCOS_syncbn_bs32_MNV2_FPN_1x': (dict(depth=None), 'mobilenetv2_fpn_gn-head_1x'),
    'FCOS_bn_bs16_MNV2_FPN_1x': (dict(depth=None), 'mobilenetv2_fpn_gn-head_1x')}


def _layout_module():
    spec = importlib.util.spec_from_file_location(
        'official_layout', Path(__file__).with_name('official_layout.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


layout = _layout_module()


def small_weights(case='plain_r50'):
    """In the layout of the released code."""
    return layout.seeded(layout.detector(**CASES[case], channels=64, classes=5, convs=2))


def without_numbers(**options):
    return {name: torch.empty(shape, device='meta')
            for name, shape in layout.detector(**options).items()}


@functools.cache
def read_once(name):
    return load_config(name)


def loaded(name):
    return copy.deepcopy(read_once(name))


def merged(converted):
    cfg = loaded(converted.config)
    cfg.merge_from_dict(copy.deepcopy(converted.settings))
    return cfg


def check_complete(converted):
    """All weights of the model are there, and no others."""
    cfg = merged(converted)
    with torch.device('meta'), DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    wanted, found = ({name: tuple(value.shape) for name, value in weights.items()}
                     for weights in (model.state_dict(), converted.weights))
    assert found == wanted


@functools.cache
def network_of(case, folder):
    """The detector of ``fcos-mm detect``, at the sizes of the golden files."""
    converted = OFFICIAL.read(small_weights(case), {}, case.split('_')[0])
    cfg = merged(converted)
    cfg.test_dataloader.dataset.pipeline[1].scale = (160, 96)
    cfg.model.test_cfg.update(nms_pre=60, max_per_img=51)
    path = str(folder / f'{case}.pth')
    torch.save(dict(state_dict=converted.weights,
                    meta=dict(dataset_meta=dict(classes=converted.classes))), path)
    return Network(TrainedModel(cfg, path, ''), device='cpu', score_thr=0.)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('official')
    for name, size in PICTURES.items():
        cv2.imwrite(str(folder / f'{name}.png'), layout.picture(*size)[..., ::-1])
    yield folder
    network_of.cache_clear()


@pytest.mark.parametrize('picture', PICTURES)
@pytest.mark.parametrize('case', CASES)
def test_detections(case, picture, folder):
    network = network_of(case, folder)
    found, = network.detect([network.prepare(str(folder / f'{picture}.png'))])
    with np.load(GOLDEN / f'{case}.npz') as golden:
        boxes, scores, labels = (golden[f'{picture}.{name}']
                                 for name in ('boxes', 'scores', 'labels'))
    boxes[:, 2:] += boxes[:, :2]  # width and height, of pixels from the first to the last
    assert len(scores) == len(found.scores) == 51 and len(set(labels.tolist())) >= 3
    wanted = np.column_stack([boxes, scores * 1000, labels * 1000])
    ours = np.column_stack([found.boxes, found.scores * 1000, (found.labels + 1) * 1000])
    nearest = np.abs(wanted[:, None] - ours).sum(-1).argmin(1)
    assert sorted(nearest) == list(range(51))  # one to one
    np.testing.assert_array_equal(found.labels[nearest] + 1, labels)
    np.testing.assert_allclose(found.scores[nearest], scores, rtol=1e-4)
    np.testing.assert_allclose(found.boxes[nearest], boxes, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize('case', CASES)
def test_maps(case, folder):
    network = network_of(case, folder)
    inputs = network.prepare(str(folder / 'tall.png')).inputs[0]
    model = network.inferencer.model
    images = model.data_preprocessor(dict(inputs=[inputs['inputs']],
                                          data_samples=[inputs['data_samples']]))['inputs']
    with torch.no_grad():
        maps = model.bbox_head(model.extract_feat(images))
    with np.load(GOLDEN / f'{case}.npz') as golden:
        assert [*inputs['inputs'].shape[1:], *images.shape[2:]] == golden['tall.size'].tolist()
        for kind, levels in zip(('logits', 'distances', 'centerness'), maps):
            for level, values in enumerate(levels):
                wanted = golden[f'tall.{kind}.{level}']
                step = 2 if level < 2 else 1
                values = values[0, :, ::step, ::step].numpy()
                if kind == 'distances' and case.startswith('improved'):
                    values = values * 8 * 2**level  # ours are in strides
                np.testing.assert_allclose(values, wanted, rtol=1e-4,
                                           atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize('case', CASES)
def test_losses(case, folder):
    network = network_of(case, folder)
    inputs = network.prepare(str(folder / 'wide.png')).inputs[0]
    model = network.inferencer.model
    sample: DetDataSample = inputs['data_samples']
    boxes = np.concatenate([BOXES[:, :2], BOXES[:, :2] + BOXES[:, 2:]], axis=1)
    boxes = torch.tensor(boxes * np.tile(sample.scale_factor, 2), dtype=torch.float32)
    sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.tensor(LABELS))
    data = model.data_preprocessor(dict(inputs=[inputs['inputs']], data_samples=[sample]))
    with torch.no_grad():
        losses = model.loss(data['inputs'], data['data_samples'])
    with np.load(GOLDEN / f'{case}.npz') as golden:
        np.testing.assert_allclose(
            [float(losses[name]) for name in ('loss_cls', 'loss_bbox', 'loss_centerness')],
            golden['wide.losses'], rtol=1e-4)


@functools.cache
def preset_of(improved):
    """The model of the preset without the sizes of its network."""
    head = IMPROVED if improved else 'gn-head'
    model = loaded(f'fcos_r50-caffe_fpn_{head}_official_1x_coco').model
    for size in ('in_channels', 'feat_channels'):
        model.bbox_head.pop(size)
    model.bbox_head.loss.loss_bbox.pop('eps', None)  # of the paper's form, not read here
    return model


@pytest.mark.parametrize('name', ZOO)
def test_models_of_the_zoo(name):
    options, config = ZOO[name]
    weights = without_numbers(**options)
    assert OFFICIAL.recognise(weights)
    improved = 'imprv' in name
    converted = OFFICIAL.read(weights, {}, 'improved' if improved else 'plain')
    assert converted.config == f'fcos_{config}_coco' and converted.classes is None
    assert converted.config in shipped_configs()
    check_complete(converted)
    cfg = merged(converted)
    preset = preset_of(improved)
    for size in ('in_channels', 'feat_channels', 'dcn_on_last_conv'):
        cfg.model.bbox_head.pop(size, None)
    cfg.model.bbox_head.loss.loss_bbox.pop('eps', None)
    for part in ('data_preprocessor', 'bbox_head', 'test_cfg'):
        assert cfg.model[part] == preset[part]


def test_epsilon_is_made_up_for():
    weights = small_weights()
    weights['backbone.body.stem.bn1.running_var'][:] = torch.tensor([1., 1e-3, 1e-6, 50.] * 2)
    converted = OFFICIAL.read(weights, {}, 'plain').weights
    bn = torch.nn.BatchNorm2d(8).eval()
    bn.load_state_dict({name.rpartition('.')[2]: value for name, value in converted.items()
                        if name.startswith('backbone.bn1.')})
    x = torch.randn(1, 8, 2, 2, generator=torch.Generator().manual_seed(0))
    kinds = ('weight', 'bias', 'running_mean', 'running_var')
    scale, shift, mean, variance = (
        weights[f'backbone.body.stem.bn1.{kind}'].double()[:, None, None] for kind in kinds)
    wanted = (x.double() - mean) / variance.sqrt() * scale + shift
    torch.testing.assert_close(bn(x).double(), wanted, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize('options, key, value', [
    (dict(depth=152), 'model.backbone.depth', 152),
    (dict(c5=True), 'model.neck.add_extra_convs', 'on_input'),
    (dict(depth=50, groups=32, width=4), 'model.backbone.base_width', 4),
    (dict(depth=None, convs=1, channels=64), 'model.bbox_head.stacked_convs', 1),
    (dict(depth=None, classes=3), 'model.bbox_head.num_classes', 3)])
def test_other_networks(options, key, value):
    converted = OFFICIAL.read(without_numbers(**options), {}, 'improved')
    check_complete(converted)
    settings = converted.settings
    for part in key.split('.'):
        settings = settings[part]
    assert settings == value
    if 'classes' in options:
        assert converted.classes == ('class 1', 'class 2', 'class 3')
        assert '--classes' in converted.notes[0]


def test_only_its_fcos_is_recognised():
    weights = without_numbers(depth=None)
    for missing in ('centerness.weight', 'cls_logits.weight'):
        rest = {name: value for name, value in weights.items() if not name.endswith(missing)}
        assert not OFFICIAL.recognise(rest)
    assert not OFFICIAL.recognise({'backbone.conv1.weight': torch.zeros(1)})


def changed(**values):
    weights = without_numbers(depth=None)
    for name, value in values.items():
        name = name.replace('__', '.')
        if value is None:
            del weights[name]
        else:
            weights[name] = torch.empty(value, device='meta')
    return weights


@pytest.mark.parametrize('weights, variant, message', [
    (changed(), None, '--variant improved  with the improvements'),
    (changed(), 'best', "no variant 'best'"),
    (without_numbers(**DCN), None, 'deformable convolutions are improved'),
    (changed(rpn__head__mask__weight=(1, )), 'plain', 'unknown: rpn.head.mask.weight'),
    (changed(rpn__head__cls_logits__weight=None), 'plain',
     'rpn.head.cls_logits.weight is missing'),
    (without_numbers(width=32), 'plain', 'have 32 channels')])
def test_errors(weights, variant, message):
    with pytest.raises(UserError, match=message):
        OFFICIAL.read(weights, {}, variant)


def test_errors_of_backbones():
    short = {name: value for name, value in without_numbers().items()
             if not name.startswith('backbone.body.layer3.5.')}
    with pytest.raises(UserError, match=r'\(3, 4, 5, 3\) blocks'):
        OFFICIAL.read(short, {}, 'plain')
    first_version = without_numbers(**DCN)
    for name in first_version:
        if name.startswith('backbone') and '.offset.' in name:
            shape = (18, *first_version[name].shape[1:])
            first_version[name] = torch.empty(shape, device='meta')
    with pytest.raises(UserError, match='version 2'):
        OFFICIAL.read(first_version, {}, 'improved')
