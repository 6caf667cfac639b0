"""Every shipped config loads, trains a step and detects."""
import fcos_mm  # noqa: F401  isort: skip
import gc
import importlib.util
import sys
from itertools import chain
from pathlib import Path

import mmcv
import mmengine.runner.checkpoint as mmengine_checkpoint
import numpy as np
import pytest
import torch
from mmdet.apis import DetInferencer, init_detector
from mmdet.structures import DetDataSample
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from fcos_mm.apis.runner import pretrained_settings
from fcos_mm.config import load_config
from fcos_mm.config.shipped import config_facts
from fcos_mm.registry import MODELS, TRANSFORMS, VISUALIZERS

ROOT = Path(__file__).resolve().parents[1] / 'configs'
CONFIGS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob('[!_]*/*.py'))
BASELINE = 'fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py'
DEMO = 'demo/fcos_csp-w25_fpn_shapes.py'
# With the mark of those that need a package which is not installed for the tests.
BUILDABLE = [pytest.param(name, marks=pytest.mark.skipif(
    'timm' in name and importlib.util.find_spec('timm') is None, reason='needs timm'))
             for name in CONFIGS]
IMPROVED = 'gn-head-center-normbbox-centeronreg-giou'
PARAMETERS = {facts.path: facts.parameters for facts in config_facts()}
SWAPS = ('r18', 'mobilenetv2', 'regnetx-3.2gf', 'hrnetv2p-w18', 'pvtv2-b2', 'swin-t')


@pytest.fixture(autouse=True, scope='module')
def one_thread():
    """Other tests may run beside these on the same cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True, scope='module')
def cheap_weights():
    """Random numbers take longer than a step: the same few are repeated in every weight."""
    few = torch.rand(65537, generator=torch.Generator().manual_seed(0))  # prime: no equal rows
    normal = (few.clamp(1e-6, 1 - 1e-6) * 2 - 1).erfinv() * 2**0.5

    def fill(tensor, values):
        whole = tensor.numel() // len(values) * len(values)
        flat = tensor.view(-1)
        flat[:whole].view(-1, len(values)).copy_(values)
        flat[whole:] = values[:len(flat) - whole]
        return tensor

    def uniform_(tensor, low=0., high=1., generator=None):
        return tensor if tensor.is_meta else fill(tensor, few * (high - low) + low)

    def normal_(tensor, mean=0., std=1., generator=None):
        return tensor if tensor.is_meta else fill(tensor, normal * std + mean)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, 'uniform_', uniform_)
        patch.setattr(torch.Tensor, 'normal_', normal_)
        yield


def load(name):
    """Return the config without the weights that would be downloaded."""
    cfg = Config.fromfile(ROOT / name)
    cfg.model.backbone.init_cfg = None
    return cfg


def build(cfg):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        return MODELS.build(cfg)


def images(size):
    """Two images as a data loader gives them: one with two boxes, one without any.

    They were resized from half the size.
    """
    samples = []
    for boxes in ([[.06, .12, .62, .94], [.25, .25, .47, .44]], []):
        sample = DetDataSample(metainfo=dict(
            img_shape=(size, size), ori_shape=(size // 2, size // 2), pad_shape=(size, size),
            scale_factor=(2., 2.)))
        sample.gt_instances = InstanceData(
            bboxes=torch.tensor(boxes).reshape(-1, 4) * size,
            labels=torch.zeros(len(boxes), dtype=torch.long))
        sample.ignored_instances = InstanceData(
            bboxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long))
        samples.append(sample)
    pixels = torch.randint(256, (2, 3, size, size), dtype=torch.uint8,
                           generator=torch.Generator().manual_seed(0))
    return dict(inputs=list(pixels), data_samples=samples)


@pytest.mark.parametrize('name', CONFIGS)
def test_dumped_config_is_the_same_config(name, tmp_path):
    cfg = load_config(str(ROOT / name))
    cfg.dump(tmp_path / 'dumped.py')
    assert load_config(str(tmp_path / 'dumped.py')).to_dict() == cfg.to_dict()
    assert cfg.default_scope == 'fcos_mm'


@pytest.mark.parametrize('path', sorted(ROOT.rglob('*.py')), ids=lambda path: path.stem)
def test_types_are_named_without_our_scope(path):
    """A plain name is ours under ``default_scope='fcos_mm'``, which every config has."""
    assert "'fcos_mm." not in path.read_text()


@pytest.mark.parametrize('name', [
    BASELINE, DEMO, *(f'fcos/fcos_{swap}_gn-head_1x_coco.py' for swap in (
        'hrnetv2p-w18', 'mobilenetv2_fpn', 'pvtv2-b2_fpn', 'regnetx-3.2gf_fpn', 'swin-t_fpn'))])
def test_maps_of_any_image_fit_the_strides(name):
    """Sizes that nothing rounds to a multiple of 32, except for backbones that need it.

    Sides that differ by a multiple of the largest stride, 128, are rounded alike; these are
    (97, 131), (255, 257), (64, 333) and (799, 1333) less such multiples.
    """
    cfg = load(name).model
    multiple = 32 if cfg.backbone.type in ('HRNet', 'CSPDarknet') else 1
    backbone, neck, head = (build(part) for part in (cfg.backbone, cfg.neck, cfg.bbox_head))
    for part in (backbone, neck, head):
        part.eval()
    for size in ((97, 131), (127, 129), (64, 77), (159, 181)):
        size = [-(-side // multiple) * multiple for side in size]
        with torch.no_grad():
            maps = head(neck(backbone(torch.zeros(1, 3, *size))))[0]
        head.location_generator.check_sizes([m.shape[2:] for m in maps],
                                            [dict(batch_input_shape=tuple(size))])


@pytest.mark.parametrize('name', BUILDABLE)
def test_mmdets_functions_build_our_components(name):
    """Neither DetInferencer nor init_detector is told the scope; mmdet has some of our names."""
    path = str(ROOT / name)
    device = 'cpu' if any(backbone in name for backbone in ('pvtv2', 'swin')) else 'meta'
    with torch.device(device):
        inferencer = DetInferencer(path, device=device, show_progress=False)
        models = inferencer.model, init_detector(path, device=device)
    for registry, parts in ((MODELS, chain(*(model.modules() for model in models))),
                            (TRANSFORMS, inferencer.pipeline.transforms),
                            (VISUALIZERS, [inferencer.visualizer])):
        ours = registry.module_dict
        shared = [type(part) for part in parts if type(part).__name__ in ours]
        assert shared and all(part is ours[part.__name__] for part in shared)


@pytest.fixture
def no_more_packages(monkeypatch):
    """Nothing can be imported that weights come from and the install does not bring."""
    for package in ('torchvision', 'timm', 'mmpretrain', 'mmcls', 'pavi', 'petrel_client'):
        monkeypatch.setitem(sys.modules, package, None)


@pytest.mark.parametrize('name', CONFIGS)
def test_weights_have_a_plain_address(name, no_more_packages, monkeypatch):
    downloaded = []
    monkeypatch.setattr(mmengine_checkpoint, 'load_url',
                        lambda url, **settings: downloaded.append(url) or {})
    cfg = Config.fromfile(ROOT / name)
    addresses = [address for _, address in pretrained_settings(cfg.model)
                 if not address.startswith('pip://')]
    if cfg.load_from is not None:
        addresses.append(cfg.load_from)
    for address in addresses:
        mmengine_checkpoint.CheckpointLoader.load_checkpoint(address, logger='silent')
    assert len(downloaded) == len(addresses)
    assert all(url.startswith('https://') and url.endswith('.pth') for url in downloaded)


@pytest.mark.parametrize('name', BUILDABLE)
def test_trains_a_step_and_predicts(name):
    cfg = load(name)
    size = 64 if cfg.model.backbone.type == 'HRNet' else 32  # its neck pools by 16
    model = build(cfg.model).train()
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert PARAMETERS[name] == round(parameters / 1e6, 1)
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.momentum = None  # the statistics of this step: random weights need them
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        losses = model(**model.data_preprocessor(images(size), True), mode='loss')
        total, _ = model.parse_losses(losses)
        total.backward()
        trained = {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
        unused = [n for n, grad in trained.items() if grad is None]
        assert total > 0 and total.isfinite()
        norms = torch._foreach_norm([grad for grad in trained.values() if grad is not None])
        assert all(norm.isfinite() for norm in norms)
        assert bool(unused) == cfg.get('find_unused_parameters', False), unused

        model.eval()
        if 'ranking' in cfg.model:
            model.ranking_checkpoint = 'random.pth'
        with torch.no_grad():
            results = model(**model.data_preprocessor(images(size), False), mode='predict')
    for result in results:
        if cfg.model.type == 'CenternessNetwork':  # it detects nothing
            assert set(result.pred_instances.keys()) == {'centerness', 'target'}
        else:
            check_detections(result.pred_instances, cfg.model, size / 2)
    del model, losses, total, trained, results
    gc.collect()


def check_detections(found, model_cfg, side):
    """Boxes of an untrained network: some, sorted, inside the original square."""
    limits = model_cfg.test_cfg
    limits = limits.get('rcnn', limits.get('rpn', limits))
    head = model_cfg.get('roi_head', model_cfg).get('bbox_head', model_cfg.get('rpn_head'))
    assert 0 < len(found) <= limits.max_per_img
    assert found.bboxes.isfinite().all()
    # the released code ends a box behind its last pixel, which is half as far here
    end = side + limits.nms.get('offset', 0) / 2
    assert found.bboxes.min() >= 0 and found.bboxes.max() <= end + 1e-4
    assert (found.scores > limits.get('score_thr', 0)).all() and (found.scores <= 1).all()
    assert (found.scores.diff() <= 0).all()
    assert 0 <= found.labels.min() and found.labels.max() < head.get('num_classes', 1)


@pytest.mark.parametrize('backbone, deformable, tail', [
    ('r50-caffe', 'r50-dcn-caffe', '1x'),
    ('r101-caffe', 'r101-dcn-caffe', 'ms-640-800-2x'),
    ('x101-32x8d', 'x101-32x8d-dcn', 'ms-640-800-2x'),
    ('x101-64x4d', 'x101-64x4d-dcn', 'ms-640-800-2x')])
def test_improvements(backbone, deformable, tail):
    plain = Config.fromfile(ROOT / f'fcos/fcos_{backbone}_fpn_gn-head_{tail}_coco.py').model
    improved = Config.fromfile(ROOT / f'fcos/fcos_{backbone}_fpn_{IMPROVED}_{tail}_coco.py').model
    dcn = Config.fromfile(ROOT / f'fcos/fcos_{deformable}_fpn_{IMPROVED}_{tail}_coco.py').model

    expected = plain.to_dict()
    head = expected['bbox_head']
    head['regression'] = 'relu'
    head['centerness']['position'] = 'reg'
    head['assigner']['center_sampling_radius'] = 1.5
    head['loss']['loss_bbox'] = dict(type='mmdet.GIoULoss', loss_weight=1.0)
    assert improved.to_dict() == expected

    head['dcn_on_last_conv'] = True
    expected['backbone']['stage_with_dcn'] = (False, True, True, True)
    expected['backbone']['dcn'] = dict(type='DCNv2', deform_groups=1, fallback_on_stride=False)
    assert dcn.to_dict() == expected


def test_improvements_on_the_official_preset():
    """The released code smooths the IoU inside its GIoU; the paper's preset takes the plain one."""
    cfg = Config.fromfile(ROOT / f'fcos/fcos_r50-caffe_fpn_{IMPROVED}_official_1x_coco.py')
    assert cfg.model.bbox_head.regression == 'relu'
    assert cfg.model.bbox_head.assigner.center_sampling_radius == 1.5
    assert cfg.model.bbox_head.centerness.position == 'reg'
    assert cfg.model.bbox_head.loss.loss_bbox.form == 'smoothed_giou'
    assert cfg.model.bbox_head.loss.bbox_weight == 'centerness'
    assert cfg.model.bbox_head.postprocess.score == 'sqrt'
    assert cfg.model.test_cfg.nms.iou_threshold == 0.6


def test_every_improved_config_has_the_giou_of_its_preset():
    """The released code smooths the IoU inside its GIoU; the paper's preset takes the plain one."""
    losses = {'official' in path.name: Config.fromfile(path).model.bbox_head.loss.loss_bbox
              for path in ROOT.glob(f'fcos/*{IMPROVED}*.py')}
    assert losses[True].form == 'smoothed_giou' and losses[False].type == 'mmdet.GIoULoss'


@pytest.mark.parametrize('backbone', SWAPS)
def test_backbone_swap_is_short(backbone):
    file, = ROOT.glob(f'fcos/fcos_{backbone}*_gn-head_1x_coco.py')
    assert len(file.read_text().splitlines()) <= 15
    assert file.read_text().startswith("_base_ = './fcos_r50-caffe_fpn_gn-head_1x_coco.py'")


def test_c5_variant_makes_p6_from_c5():
    model = build(load('fcos/fcos_r50-caffe_fpn-c5_gn-head_1x_coco.py').model)
    assert model.neck.fpn_convs[3].conv.in_channels == 2048
    assert build(load(BASELINE).model).neck.fpn_convs[3].conv.in_channels == 256


@pytest.mark.parametrize('name, branch', [
    ('fcos-rpn_r50-caffe_fpn_gn-head_1x_coco.py', True),
    ('fcos-rpn_r50-caffe_fpn_gn-head-no-centerness_1x_coco.py', False),
    ('faster-rcnn_r50-caffe_fpn_fcos-rpn_1x_coco.py', True),
])
def test_proposals_come_from_p2_to_p6(name, branch):
    cfg = load(f'fcos_rpn/{name}')
    head = build(ConfigDict(cfg.model.rpn_head))
    assert head.strides == (4, 8, 16, 32, 64)
    assert head.num_classes == 1
    assert head.quality.branch is branch
    assert hasattr(head, 'conv_centerness') is branch
    assert cfg.model.test_cfg.rpn.score_thr == 0
    assert cfg.model.test_cfg.rpn.nms.iou_threshold == 0.7


def test_test_time_augmentation(tmp_path):
    """Sizes are a tenth of the config's, the network is its own."""
    cfg = load('fcos/fcos_r50-caffe_fpn_gn-head_tta_coco.py')
    resizes = cfg.tta_pipeline[1].transforms[0]
    assert [r.scale for r in resizes] == [
        (2000, size) for size in (400, 500, 600, 700, 900, 1000, 1100, 1200)
    ]
    for resize in resizes:
        resize.scale = tuple(side // 10 for side in resize.scale)
    image = np.random.default_rng(0).integers(256, size=(40, 60, 3), dtype=np.uint8)
    mmcv.imwrite(image, str(tmp_path / 'image.png'))
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        views = Compose([TRANSFORMS.build(step) for step in cfg.tta_pipeline])(
            dict(img_path=str(tmp_path / 'image.png'), img_id=1, height=40, width=60,
                 instances=[]))
        model = build(ConfigDict(cfg.tta_model, module=cfg.model)).eval()
        with torch.no_grad():
            results = model.test_step(pseudo_collate([views]))
    assert len(views['inputs']) == 16
    result, = results
    assert 0 < len(result.pred_instances) <= 100
    assert result.pred_instances.bboxes[:, 2].max() <= 60 + 1e-3


def documented(heading):
    """Return the first Python block of docs/configs.md behind a heading."""
    text = (ROOT.parent / 'docs/configs.md').read_text().split(f'## {heading}\n', 1)[1]
    return text.split('```python\n', 1)[1].split('```', 1)[0].replace('fcos_mm::', f'{ROOT}/')


def test_documented_dataset(tmp_path):
    text = documented('Change the data, the size or the length')
    (tmp_path / 'mine.py').write_text(text)
    cfg = load_config(str(tmp_path / 'mine.py'))
    assert cfg.model.bbox_head.num_classes == len(cfg.train_dataloader.dataset.metainfo.classes)
    assert cfg.train_dataloader.dataset.data_root == 'data/mine/'
    assert cfg.train_dataloader.dataset.filter_cfg.filter_empty_gt is True
    assert (cfg.train_cfg.max_epochs, cfg.param_scheduler[1].milestones) == (24, [16, 21])
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.ann_file == 'val.json'
        assert loader.dataset.data_root + 'val.json' == cfg.val_evaluator.ann_file


def test_documented_improvements(tmp_path):
    mine = BASELINE.replace('_1x', '_mmdet_1x')
    text = documented('Add the released improvements').replace('./my_config.py', str(ROOT / mine))
    (tmp_path / 'mine.py').write_text(text)
    head = Config.fromfile(tmp_path / 'mine.py').model.bbox_head
    assert (head.regression, head.location_offset) == ('relu', 'half')
