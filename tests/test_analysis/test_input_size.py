"""Images and boxes are as large as mmdet's pipeline and the network make them."""
import numpy as np
import pytest
import torch
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.config import Config

from fcos_mm.analysis.annotations import ImageBoxes
from fcos_mm.analysis.input_size import InputSize, input_size
from fcos_mm.config import load_config
from fcos_mm.errors import UserError
from fcos_mm.registry import MODELS


def image(width, height, boxes=((10, 20, 110, 220), )):
    return ImageBoxes(image_id=1, width=width, height=height, ids=list(range(len(boxes))),
                      boxes=np.array(boxes, dtype=np.float32),
                      categories=np.zeros(len(boxes), dtype=np.int64),
                      crowd=np.zeros((0, 4), dtype=np.float32))


def config(*transforms, divisor=32, dataset=None):
    dataset = dataset or dict(type='CocoDataset', pipeline=list(transforms))
    return Config(dict(model=dict(data_preprocessor=dict(pad_size_divisor=divisor)),
                       train_dataloader=dict(dataset=dataset)))


RESIZE = dict(type='Resize', scale=(1333, 800), keep_ratio=True)


def test_by_hand():
    # 800 / 480 = 5/3: 1066.67 columns become 1067; padded to 1088.
    found = input_size(config(RESIZE))(image(640, 480))
    assert found.size == (1067, 800) and found.padded == (1088, 800)
    assert found.feature_sizes([(8, 8), (128, 128)]) == [(100, 136), (7, 9)]
    x, y = 1067 / 640, 800 / 480
    assert found.factor == (x, y)
    assert found.boxes[0].tolist() == pytest.approx([10 * x, 20 * y, 110 * x, 220 * y], rel=1e-6)


def test_boxes_are_cut_to_the_image():
    found = input_size(config(RESIZE))(image(640, 480, [(-5, 0, 700, 480)]))
    assert found.boxes[0].tolist() == [0, 0, 1067, 800]


@pytest.mark.parametrize('keep_ratio', [True, False])
def test_as_the_pipeline(keep_ratio):
    settings = dict(type='Resize', scale=(67, 40), keep_ratio=keep_ratio)
    resize = TRANSFORMS.build(dict(settings))
    size = input_size(config(settings))
    generator = np.random.default_rng(0)
    for _ in range(40):
        width, height = generator.integers(10, 120, 2).tolist()
        boxes = (generator.random((5, 4)) * (np.tile((width, height), 2) * 1.1)).astype(np.float32)
        boxes = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
        expected = resize(dict(img=np.zeros((height, width, 3), np.uint8),
                               gt_bboxes=HorizontalBoxes(boxes.copy())))
        found = size(image(width, height, boxes.tolist()))
        assert found.size[::-1] == expected['img'].shape[:2]
        assert found.factor == expected['scale_factor']
        assert torch.equal(found.boxes, expected['gt_bboxes'].tensor)


def test_feature_maps_are_as_large_as_those_of_the_network(tiny_config):
    cfg = load_config(str(tiny_config))
    backbone, neck = MODELS.build(cfg.model.backbone), MODELS.build(cfg.model.neck)
    size = InputSize(divisor=8)
    for width, height in ((64, 48), (200, 136), (136, 72), (104, 248)):
        maps = neck(backbone(torch.zeros(1, 3, height, width)))
        strides = [(s, s) for s in (8, 16, 32, 64, 128)]
        assert size(image(width, height)).feature_sizes(strides) == [
            tuple(m.shape[-2:]) for m in maps]


@pytest.mark.parametrize('transform, scale, note', [
    (dict(type='RandomResize', scale=[(1333, 640), (1333, 800)], keep_ratio=True), (1333, 800),
     'RandomResize draws from'),
    (dict(type='RandomResize', scale=(640, 480), ratio_range=(0.5, 2), keep_ratio=True),
     (640, 480), 'draws a ratio from'),
    (dict(type='mmdet.RandomChoiceResize', scales=[(400, 300), (500, 300)], keep_ratio=True),
     (500, 300), 'RandomChoiceResize draws from'),
    (dict(type='Resize', scale=512, keep_ratio=True), (512, 512), None),
])
def test_the_largest_of_several_scales(transform, scale, note):
    found = input_size(config(transform))
    assert found.scale == scale and found.keep_ratio
    assert [note in text for text in found.notes] == [True] * (note is not None)


def test_without_a_resize_images_keep_their_size():
    assert input_size(config(divisor=1))(image(641, 479)).padded == (641, 479)


def test_the_callers_scale_counts():
    assert input_size(config(RESIZE), (500, 300)).resized(1000, 500) == (500, 250)
    assert input_size(config(), (500, 300)).resized(1000, 500) == (500, 250)


def test_a_wrapped_dataset():
    inner = dict(type='CocoDataset', pipeline=[RESIZE])
    wrapped = dict(type='RepeatDataset', dataset=dict(type='ConcatDataset', datasets=[inner]))
    assert input_size(config(dataset=wrapped)).scale == (1333, 800)


def test_the_test_pipeline_where_there_is_no_training():
    cfg = config(RESIZE)
    cfg.test_dataloader = cfg.pop('train_dataloader')
    assert input_size(cfg).scale == (1333, 800)


def test_transforms_that_are_not_followed_are_named():
    notes = input_size(config(dict(type='Mosaic'), RESIZE)).notes
    assert len(notes) == 1 and notes[0].startswith('Mosaic is not followed')


def test_a_factor_needs_a_scale():
    cfg = config(dict(type='Resize', scale_factor=0.5, keep_ratio=True))
    with pytest.raises(UserError, match='--scale'):
        input_size(cfg)
    assert input_size(cfg, (64, 48)).scale == (64, 48)


@pytest.mark.parametrize('size, rounded, official', [
    ((640, 424), (1208, 800), (1207, 800)),  # 800 / 424 * 640 = 1207.5
    ((424, 640), (800, 1208), (800, 1207)),
    ((1000, 500), (1333, 667), (1332, 666)),  # 1333 / 1000 * 500 = 666.5, to even 666
    ((800, 800), (800, 800), (800, 800)),
])
def test_sizes_of_the_official_code(size, rounded, official):
    ours = InputSize(scale=(1333, 800))
    assert ours.resized(*size) == rounded
    assert ours._replace(round_down=True).resized(*size) == official
