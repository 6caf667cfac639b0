"""Packing gives what mmdet's gives."""
import numpy as np
import pytest
import torch
from mmdet.datasets.transforms import PackDetInputs as MMDetPackDetInputs
from mmdet.models.data_preprocessors import DetDataPreprocessor
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.registry import TRANSFORMS as ROOT
from mmengine.registry import DefaultScope
from torch._utils import ExceptionWrapper

from fcos_mm.datasets import PackDetInputs
from fcos_mm.datasets.packing import BoxError, channels_first

PICTURE = np.random.default_rng(0).integers(0, 256, (13, 22, 3), np.uint8)


def sample(image, boxes=2):
    return dict(
        img=image, img_id=3, img_path='a.jpg', ori_shape=(13, 22), img_shape=image.shape[:2],
        scale_factor=(1., 1.), flip=True, flip_direction='horizontal',
        gt_bboxes=np.arange(4 * boxes, dtype=np.float32).reshape(boxes, 4),
        gt_bboxes_labels=np.arange(boxes), gt_ignore_flags=np.arange(boxes) == 1)


@pytest.mark.parametrize('change', [
    lambda image: image, lambda image: image[:, ::-1], lambda image: image[::-1],
    lambda image: image[::-1, ::-1], lambda image: image[2:9, 3:11],
    lambda image: image[2:9, 3:11][:, ::-1], lambda image: image[..., ::-1],
    lambda image: image.astype(np.float32), lambda image: image[..., :1],
    lambda image: image[..., 0], lambda image: image.astype(np.float64),
    lambda image: image.transpose(1, 0, 2), lambda image: np.dstack([image, image])],
    ids=['as it is', 'mirrored', 'upside down', 'both', 'cropped', 'cropped and mirrored',
         'RGB', 'float', 'one channel', 'grey', 'double', 'transposed', 'six channels'])
@pytest.mark.parametrize('boxes', [0, 1, 2])
def test_same_as_mmdet(change, boxes):
    image = change(PICTURE)
    before = image.copy()
    expected = MMDetPackDetInputs()(sample(image, boxes))
    packed = PackDetInputs()(sample(image, boxes))
    assert packed.keys() == expected.keys()
    assert packed['inputs'].dtype == expected['inputs'].dtype
    assert torch.equal(packed['inputs'], expected['inputs'])
    assert packed['inputs'].is_contiguous()
    assert np.array_equal(image, before)
    mine, theirs = packed['data_samples'], expected['data_samples']
    assert mine.metainfo == theirs.metainfo
    for name in ('gt_instances', 'ignored_instances'):
        assert torch.equal(mine.get(name).bboxes, theirs.get(name).bboxes)
        assert torch.equal(mine.get(name).labels, theirs.get(name).labels)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('index', [0, 1], ids=['box', 'ignored box'])
@pytest.mark.parametrize('wrap', [lambda boxes: boxes, HorizontalBoxes])
def test_a_box_that_is_not_finite_is_an_error_that_names_the_image(value, index, wrap):
    spoiled = sample(PICTURE)
    spoiled['gt_bboxes'][index, 2] = value
    spoiled['gt_bboxes'] = wrap(spoiled['gt_bboxes'])
    with pytest.raises(BoxError, match=r'a\.jpg: a box is \[.*(nan|inf)'):
        PackDetInputs()(spoiled)


def test_the_error_of_a_worker_keeps_its_words():
    error = BoxError('a.jpg: a box is [nan].')
    told = ExceptionWrapper((BoxError, error, None), 'in a worker')
    with pytest.raises(BoxError) as caught:
        told.reraise()
    assert str(caught.value) == 'a.jpg: a box is [nan].'


def test_planes_by_hand():
    image = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)  # 1x2 pixels
    assert channels_first(image).tolist() == [[[1, 4]], [[2, 5]], [[3, 6]]]
    assert channels_first(image[:, ::-1]).tolist() == [[[4, 1]], [[5, 2]], [[6, 3]]]


def test_plain_name_gives_this_packing_in_our_scope():
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        assert type(ROOT.build(dict(type='PackDetInputs'))) is PackDetInputs


def test_picture_goes_to_the_device_as_uint8():
    """The preprocessor casts before it normalises: a quarter of the bytes to copy."""
    packed = PackDetInputs()(sample(PICTURE))
    moved = []

    class Preprocessor(DetDataPreprocessor):
        def cast_data(self, data):
            if isinstance(data, torch.Tensor):
                moved.append(data.dtype)
            return super().cast_data(data)

    preprocessor = Preprocessor(mean=[1., 2., 3.], std=[2., 2., 2.], bgr_to_rgb=False)
    batch = preprocessor(dict(inputs=[packed['inputs']], data_samples=[packed['data_samples']]))
    assert moved == [torch.uint8]
    expected = (torch.from_numpy(PICTURE.copy()).permute(2, 0, 1) - torch.tensor(
        [1., 2., 3.])[:, None, None]) / 2
    assert torch.equal(batch['inputs'][0], expected)
