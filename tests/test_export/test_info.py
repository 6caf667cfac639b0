"""The metadata of a file, from a config."""
import pytest
from mmengine.config import Config

from fcos_mm.errors import UserError
from fcos_mm.export import ExportNetwork, model_info
from fcos_mm.export.info import padded_scale, preprocessing

from .conftest import detector

LOAD, PACK = dict(type='LoadImageFromFile'), dict(type='PackDetInputs')
RESIZE = dict(type='Resize', scale=(1333, 800), keep_ratio=True)


def config(*steps, **preprocessor):
    return Config(dict(
        model=dict(data_preprocessor=dict(type='DetDataPreprocessor', **preprocessor)),
        test_dataloader=dict(dataset=dict(pipeline=list(steps)))))


def test_of_a_config():
    network = ExportNetwork(detector(head=dict(box_convention='pixel'), test_cfg=dict(
        nms=dict(offset=1))), 'decoded')
    cfg = config(LOAD, RESIZE, dict(type='LoadAnnotations', with_bbox=True), PACK,
                 mean=[1, 2, 3], std=[4, 5, 6], bgr_to_rgb=True, pad_size_divisor=32, pad_value=7)
    info = model_info(cfg, network, classes=dict(cup=10, jar=20, pot=5), thresholds=[.1, .2, .3],
                      threshold_note='note', shape=(1, 800, 1344))
    assert info.classes == ('cup', 'jar', 'pot') and info.category_ids == (10, 20, 5)
    assert info.mode == 'decoded' and info.precision == 'fp32'
    how = info.preprocessing
    assert how.scale == (1333, 800) and how.keep_ratio and how.channels == 'rgb'
    assert how.mean == (1, 2, 3) and how.std == (4, 5, 6)
    assert how.pad_divisor == 32 and how.pad_value == 7
    assert padded_scale(how) == (800, 1344)
    after = info.postprocessing
    assert (after.score_thr, after.nms_pre, after.iou_threshold, after.max_per_img) == (
        .05, 40, .5, 20)
    assert (after.clip, after.min_bbox_size, after.extra, after.nms_offset, after.strides) == (
        'before_nms', 0, 1, 1, (8, 16))


def test_defaults():
    how = preprocessing(config(LOAD, dict(type='mmdet.Resize', scale=640), PACK))
    assert how.scale == (640, 640) and not how.keep_ratio and how.channels == 'bgr'
    assert how.mean == (0, 0, 0) and how.std == (1, 1, 1)
    assert how.pad_divisor == 1 and how.pad_value == 0


@pytest.mark.parametrize('steps, words', [
    ([LOAD, RESIZE, dict(type='Pad', size_divisor=32)], r"pipeline\.2: .* cannot do 'Pad'"),
    ([dict(LOAD, to_float32=True), RESIZE], r'pipeline\.0\.to_float32=True'),
    ([dict(LOAD, imdecode_backend='pillow'), RESIZE], r'pipeline\.0\.imdecode_backend='),
    ([LOAD, dict(RESIZE, backend='other')], "has backend='cv2' or backend='pillow' or "),
    ([LOAD, dict(RESIZE, interpolation='nearest')], r"pipeline\.1\.interpolation='nearest'"),
    ([LOAD, PACK], 'one Resize with a scale, and has 0'),
    ([LOAD, RESIZE, RESIZE], 'and has 2'),
])
def test_a_pipeline_the_runtime_cannot_reproduce(steps, words):
    with pytest.raises(UserError, match=words):
        preprocessing(config(*steps))


@pytest.mark.parametrize('load, resize', [
    ({}, dict(backend='pillow', rounding='official')),
    ({}, dict(backend='pillow', rounding='detectron2')),
    (dict(to_float32=True), dict(backend='torch', rounding='torchvision'))])
def test_resizing_of_converted_detectors(load, resize):
    how = preprocessing(config(dict(LOAD, **load), dict(RESIZE, **resize), PACK))
    assert dict(backend=how.backend, rounding=how.rounding) == resize
