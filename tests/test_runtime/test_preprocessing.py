"""The network's input is that of mmdet's test pipeline."""
import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mmcv.image import rescale_size
from mmcv.transforms import LoadImageFromFile
from mmdet.datasets.transforms import PackDetInputs

from fcos_mm.datasets import Resize
from fcos_mm.errors import UserError
from fcos_mm.models import DetDataPreprocessor
from fcos_mm.runtime.images import ImageError, read_image
from fcos_mm.runtime.preprocessing import Preprocessor


def image_of(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def mmdet_inputs(image, how, folder):
    """The slow way: the pipeline of `fcos-mm detect` and the data preprocessor of the model."""
    cv2.imwrite(str(folder / 'a.png'), image[..., ::-1])
    sample = dict(img_path=str(folder / 'a.png'))
    resize = Resize(scale=how.scale, keep_ratio=how.keep_ratio, backend=how.backend,
                    rounding=how.rounding)
    for step in (LoadImageFromFile(to_float32=how.backend == 'torch'), resize,
                 PackDetInputs(meta_keys=('img_shape', 'scale_factor'))):
        sample = step(sample)
    data = dict(inputs=[sample['inputs']], data_samples=[sample['data_samples']])
    model = DetDataPreprocessor(mean=how.mean, std=how.std, bgr_to_rgb=how.channels == 'rgb',
                                pad_size_divisor=how.pad_divisor, pad_value=how.pad_value)
    return model(data)['inputs'].numpy(), sample['data_samples']


@pytest.mark.parametrize('channels', ['rgb', 'bgr'])
@pytest.mark.parametrize('keep_ratio', [True, False])
@pytest.mark.parametrize('size', [(48, 64), (30, 100), (100, 30), (5, 4), (96, 128), (33, 47)])
def test_equals_mmdet(size, keep_ratio, channels, make_info, tmp_path):
    info = make_info(scale=(80, 56), keep_ratio=keep_ratio, channels=channels, pad_divisor=32,
                     mean=(103.53, 116.28, 123.675), std=(57.375, 57.12, 58.395), pad_value=0.)
    image = image_of(*size)
    expected, sample = mmdet_inputs(image, info.preprocessing, tmp_path)
    assert np.array_equal(read_image(tmp_path / 'a.png'), image)
    preprocessor = Preprocessor(info)
    prepared = preprocessor.prepare(image)
    inputs = preprocessor.batch([prepared])
    assert inputs['images'].dtype == np.float32 and np.array_equal(inputs['images'], expected)
    assert inputs['sizes'].tolist() == [list(sample.img_shape)]
    assert prepared.scale == tuple(sample.scale_factor)


@pytest.mark.parametrize('backend, rounding', [
    ('pillow', 'official'), ('pillow', 'detectron2'), ('pillow', 'nearest'), ('cv2', 'official'),
    ('torch', 'torchvision'), ('torch', 'nearest')])
def test_equals_the_pipelines_of_converted_detectors(backend, rounding, make_info, tmp_path):
    std = (57.375, 57.12, 58.395)
    for number, size in enumerate([(48, 64), (100, 30), (5, 4), (1, 2), (3, 70), (112, 160),
                                   (213, 500), (71, 113)]):
        info = make_info(scale=(80, 56), keep_ratio=number != 3, backend=backend,
                         rounding=rounding, channels='bgr', std=std)
        image = image_of(*size, seed=number)
        expected, sample = mmdet_inputs(image, info.preprocessing, tmp_path)
        preprocessor = Preprocessor(info)
        inputs = preprocessor.batch([preprocessor.prepare(image)])
        assert inputs['sizes'].tolist() == [list(sample.img_shape)]
        assert inputs['images'].dtype == np.float32
        limit = 1e-4 * 255 / min(std) if backend == 'torch' else 0
        assert np.abs(inputs['images'] - expected).max() <= limit


def test_pillow_is_needed_where_the_file_says_so(make_info, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'PIL.Image', None)
    Preprocessor(make_info())
    with pytest.raises(UserError, match=r"backend='pillow'.*needs the package PIL"):
        Preprocessor(make_info(backend='pillow'))


@settings(max_examples=200, deadline=None)
@given(width=st.integers(1, 6000), height=st.integers(1, 6000),
       scale=st.sampled_from([(1333, 800), (64, 48), (512, 512)]))
@example(width=375, height=500, scale=(1333, 800))
def test_sizes_are_those_of_mmcv(make_info, width, height, scale):
    preprocessor = Preprocessor(make_info(scale=scale))
    assert preprocessor._target(width, height) == rescale_size((width, height), scale)


def test_a_batch_is_padded_on_the_right_and_below(make_info):
    preprocessor = Preprocessor(make_info(scale=(64, 48), pad_divisor=16, pad_value=0.5))
    images = [preprocessor.prepare(image_of(48, 64)), preprocessor.prepare(image_of(48, 60))]
    inputs = preprocessor.batch(images)
    assert inputs['images'].shape == (2, 3, 48, 64) and inputs['sizes'].tolist() == [
        [48, 64], [48, 60]]
    assert (inputs['images'][1, :, :, 60:] == 0.5).all()
    assert inputs['images'][1, 0, 3, 4] == (images[1].pixels[3, 4, 0] - 1) / 4  # mean 1, std 4


def test_a_fixed_size_that_holds_what_mmdet_resizes_changes_nothing(make_info):
    image, usual, fixed = image_of(40, 64), make_info(), make_info(shape=(0, 64, 64))
    one, other = (Preprocessor(info).prepare(image) for info in (usual, fixed))
    assert np.array_equal(one.pixels, other.pixels)
    assert one.padded == (48, 64) and other.padded == (64, 64)


@pytest.mark.parametrize('shape, size, fitted', [
    ((2, 48, 64), (64, 48), (48, 36)),  # a portrait in a landscape
    ((2, 32, 32), (40, 80), (16, 32)),
    ((2, 0, 32), (40, 80), (16, 32)),
    ((2, 32, 0), (40, 80), (32, 64))])
def test_images_are_fitted_into_a_fixed_size(make_info, shape, size, fitted):
    preprocessor = Preprocessor(make_info(shape=shape))
    prepared = preprocessor.prepare(image_of(*size))
    assert prepared.size == fitted
    inputs = preprocessor.batch([prepared])
    assert inputs['images'].shape[0] == 2  # filled up
    assert (inputs['images'][1] == 0.5).all()


def test_an_image_too_thin_to_be_resized(make_info):
    with pytest.raises(ImageError, match='3000 x 1 pixels is too thin.* 64 x 0'):
        Preprocessor(make_info()).prepare(image_of(1, 3000))
