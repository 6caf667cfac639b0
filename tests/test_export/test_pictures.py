"""Pictures as inputs, against the test pipeline and the data preprocessor."""
import dataclasses

import numpy as np
import pytest
import torch
from mmdet.datasets.transforms import Resize

import fcos_mm  # noqa: F401
from fcos_mm.apis.exporting.pictures import batches_of
from fcos_mm.models.data_preprocessor import DetDataPreprocessor
from tests.test_export.conftest import info


def with_rule(shape=(0, 0, 0), **rule):
    given = info(shape=shape)
    return dataclasses.replace(
        given, preprocessing=dataclasses.replace(given.preprocessing, **rule))


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (50, 77, 3), np.uint8)


@pytest.mark.parametrize('keep_ratio', [True, False])
@pytest.mark.parametrize('channels', ['rgb', 'bgr'])
def test_as_the_pipeline(picture, keep_ratio, channels):
    mean, std = [100., 110., 120.], [50., 60., 70.]
    given = with_rule(keep_ratio=keep_ratio, channels=channels, mean=mean, std=std, pad_value=3.)
    bgr = np.ascontiguousarray(picture[..., ::-1])
    resized = Resize(scale=(128, 96), keep_ratio=keep_ratio)(dict(img=bgr))['img']
    preprocess = DetDataPreprocessor(mean=mean, std=std, bgr_to_rgb=channels == 'rgb',
                                     pad_size_divisor=16, pad_value=3.)
    expected = preprocess(dict(
        inputs=[torch.from_numpy(resized.transpose(2, 0, 1).copy())], data_samples=None))['inputs']
    got = next(batches_of([picture], given))
    assert np.allclose(got['images'], expected.numpy(), atol=1e-4)
    assert got['sizes'].tolist() == [list(resized.shape[:2])]


@pytest.mark.parametrize('shape, inside', [
    ((1, 96, 128), (83, 128)), ((1, 32, 128), (32, 49)), ((1, 96, 64), (42, 64))])
def test_fixed_shapes(picture, shape, inside):
    got = next(batches_of([picture], with_rule(shape)))
    assert got['images'].shape == (1, 3, *shape[1:])
    assert got['sizes'].tolist() == [list(inside)]
    assert not got['images'][0, :, inside[0]:].any()
    assert not got['images'][0, :, :, inside[1]:].any()


def test_batches(picture):
    batches = list(batches_of([picture, picture[:20], picture[:30]], with_rule((2, 96, 128))))
    assert [batch['images'].shape for batch in batches] == [(2, 3, 96, 128)] * 2
    assert (batches[1]['images'][0] == batches[1]['images'][1]).all()
    alone = next(batches_of([picture[:20]], with_rule()))
    assert batches[0]['sizes'].tolist()[1] == alone['sizes'].tolist()[0]
