"""An exported model finds what ``fcos_mm.load`` finds, box by box."""
import dataclasses

import cv2
import numpy as np
import onnx
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from PIL import Image

import fcos_mm
from fcos_mm.cli import main
from fcos_mm.export.info import preprocessing
from fcos_mm.registry import MODELS
from fcos_mm.runtime import Detector
from fcos_mm.runtime.info import KEY, ModelInfo

CONFIG = '''
_base_ = '{root}/configs/_base_/models/{preset}.py'
data_root = '{folder}/'
metainfo = dict(classes=('cup', 'jar', 'pot'))
model = dict(
    data_preprocessor=dict(pad_size_divisor=16),
    backbone=dict(_delete_=True, type='ResNet', depth=18, base_channels=4, stem_channels=4,
                  num_stages=2, out_indices=(0, 1), strides=(2, 2), dilations=(1, 1)),
    neck=dict(_delete_=True, type='FPN', in_channels=[4, 8], out_channels=8, num_outs=2),
    bbox_head=dict(num_classes=3, in_channels=8, feat_channels=8, stacked_convs=1,
                   strides=(8, 16), norm_cfg=dict(num_groups=2),
                   assigner=dict(regress_ranges=((0, 64), (64, None)))),
    test_cfg=dict(nms_pre=60, max_per_img=30))
test_dataloader = dict(batch_size=1, num_workers=0, dataset=dict(
    type='CocoDataset', data_root=data_root, ann_file='', metainfo=metainfo, pipeline=[
        dict(type='LoadImageFromFile'), dict(type='Resize', scale=(128, 80), keep_ratio=True),
        dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                                              'scale_factor'))]))
default_scope = 'fcos_mm'
'''
ROOT = fcos_mm.__path__[0] + '/..'
SIZES = dict(landscape=(60, 100), portrait=(100, 60), square=(64, 64), tiny=(5, 7), wide=(20, 150),
             large=(300, 400), input=(80, 128))


@pytest.fixture(scope='module')
def make_model(tmp_path_factory):
    """``make_model(preset)``: a config and a checkpoint of which many pairs pass the threshold."""
    def make(preset):
        folder = tmp_path_factory.mktemp(preset)
        config, checkpoint = folder / 'tiny.py', folder / 'tiny.pth'
        config.write_text(CONFIG.format(root=ROOT, folder=folder, preset=preset))
        torch.manual_seed(0)
        with torch.no_grad(), DefaultScope.overwrite_default_scope('fcos_mm'):
            built = MODELS.build(Config.fromfile(config).model)
            for parameter in built.parameters():
                parameter.add_(0.2 * torch.randn_like(parameter))
            built.bbox_head.conv_reg.bias.fill_(2.5)
            built.bbox_head.conv_cls.bias.fill_(-2)
        torch.save(dict(state_dict=built.state_dict(), meta=dict(dataset_meta=dict(
            classes=('cup', 'jar', 'pot')))), checkpoint)
        return str(config), str(checkpoint)

    return make


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
    """Files of many sizes, one of them turned by its EXIF data."""
    folder, random = tmp_path_factory.mktemp('pictures'), np.random.default_rng(0)
    files = []
    for name, (height, width) in SIZES.items():
        coarse = random.integers(0, 256, (7, 9, 3)).astype(np.uint8)
        files.append(folder / f'{name}.png')
        cv2.imwrite(str(files[-1]), cv2.resize(coarse, (width, height)))
    exif = Image.Exif()
    exif[274] = 6
    Image.open(files[0]).save(folder / 'turned.jpg', exif=exif)
    return [*files, folder / 'turned.jpg']


def same(found, expected):
    assert len(expected) > 3 and found.names == expected.names
    np.testing.assert_allclose(found.boxes, expected.boxes, atol=1e-2)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)
    assert np.array_equal(found.image, expected.image)
    assert found.near == expected.near and found.rows()[0].keys() == expected.rows()[0].keys()


@pytest.fixture(scope='module', params=[('fcos_paper', 'decoded'), ('fcos_official', 'nms')])
def exported(make_model, tmp_path_factory, request):
    """The config and checkpoint of a model, and its file."""
    from fcos_mm.cli import export
    preset, mode = request.param
    model, file = make_model(preset), tmp_path_factory.mktemp(mode) / 'tiny.onnx'
    main(export, [model[0], '--weights', model[1], '--format', 'onnx', '--mode', mode, '--dynamic',
                  '--out', str(file)])
    return model, file


def test_same_detections(exported, pictures):
    model, file = exported
    expected = fcos_mm.load(*model, device='cpu', score_thr=0.1)
    detector = Detector(file, score_thr=0.1, threads=1)
    assert detector.thresholds == expected.thresholds and detector.classes == expected.classes
    for picture in pictures:
        same(detector(picture), expected(picture))
    for found, picture in zip(detector(pictures, batch_size=3), pictures):
        same(found, expected(picture))
    name = expected(pictures[0]).names[-1]
    one = Detector(file, score_thr=0.1, classes=name)(pictures[0])
    other = fcos_mm.load(*model, device='cpu', score_thr=0.1, classes=name)(pictures[0])
    assert one.names == other.names == [name] * len(one)


@pytest.mark.parametrize('exported', [('fcos_official', 'nms')], indirect=True)
@pytest.mark.parametrize('load, resize', [
    ({}, dict(backend='pillow', rounding='official')),
    ({}, dict(backend='pillow', rounding='detectron2')),
    (dict(to_float32=True), dict(backend='torch', rounding='torchvision'))])
def test_resized_as_by_other_implementations(exported, pictures, load, resize, tmp_path):
    (config, checkpoint), file = exported
    cfg = Config.fromfile(config)
    cfg.test_dataloader.dataset.pipeline[0].update(load)
    cfg.test_dataloader.dataset.pipeline[1].update(resize)
    cfg.dump(tmp_path / 'tiny.py')
    model = onnx.load(file)  # the network is the same
    info = ModelInfo.from_json({prop.key: prop.value for prop in model.metadata_props}[KEY], file)
    info = dataclasses.replace(info, preprocessing=preprocessing(cfg))
    onnx.helper.set_model_props(model, {KEY: info.to_json()})
    onnx.save(model, tmp_path / 'tiny.onnx')
    expected = fcos_mm.load(str(tmp_path / 'tiny.py'), checkpoint, device='cpu', score_thr=0.1)
    detector = Detector(tmp_path / 'tiny.onnx', score_thr=0.1, threads=1)
    for picture in pictures:
        same(detector(picture), expected(picture))
    same(fcos_mm.load(str(tmp_path / 'tiny.onnx'), score_thr=0.1)(pictures[0]),
         expected(pictures[0]))
