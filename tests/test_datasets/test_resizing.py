"""Sizes of resized images, by hand and beside torch's interpolation."""
import numpy as np
import pytest
import torch

from fcos_mm.datasets import Resize


def resized(width, height, **options):
    results = Resize(scale=(1333, 800), keep_ratio=True, **options)(
        dict(img=np.zeros((height, width, 3), np.uint8)))
    assert results['img_shape'] == results['img'].shape[:2]
    assert results['scale_factor'] == (results['img'].shape[1] / width,
                                       results['img'].shape[0] / height)
    return results['img'].shape[1::-1]


@pytest.mark.parametrize('size, nearest, torchvision, official', [
    # 800 / 427 = 1.8735: 640 * 1.8735 = 1199.06
    ((640, 427), (1199, 800), (1199, 800), (1199, 800)),
    # 800 / 426 = 1.87793: 1201.88
    ((640, 426), (1202, 800), (1201, 800), (1201, 800)),
    # the long side decides: 1333 / 500 = 2.666, 2.666 * 213 = 567.86; round(1333 * 213 / 500) = 568
    ((500, 213), (1333, 568), (1333, 567), (1333, 568)),
    # 2.666 * 221 = 589.19; then the long side is 589 * 500 / 221 = 1332.6, cut
    ((500, 221), (1333, 589), (1333, 589), (1332, 589)),
    ((221, 500), (589, 1333), (589, 1333), (589, 1332)),
])
def test_sides_are_rounded_as_the_source_does(size, nearest, torchvision, official):
    assert resized(*size) == nearest
    assert resized(*size, rounding='torchvision') == torchvision
    assert resized(*size, rounding='official') == official


def test_halves_fall_as_in_detectron2():
    # 1333 * 141 / 258 = 728.5; from 1463.83 x 800, cut by 1333 / 1463.83, floats give less
    assert resized(258, 141, rounding='detectron2') == (1333, 728)
    assert resized(258, 141) == (1333, 729)
    assert resized(141, 258, rounding='detectron2') == (728, 1333)
    assert resized(640, 427, rounding='detectron2') == (1199, 800)


def test_the_backend_torch_interpolates_as_torch_does():
    image = np.random.default_rng(0).uniform(0, 255, (427, 640, 3)).astype(np.float32)
    ours = Resize(scale=(1333, 800), keep_ratio=True, rounding='torchvision',
                  backend='torch')(dict(img=image))
    theirs = torch.nn.functional.interpolate(
        torch.from_numpy(image.transpose(2, 0, 1))[None], scale_factor=800 / 427, mode='bilinear',
        recompute_scale_factor=True, align_corners=False)[0].numpy().transpose(1, 2, 0)
    np.testing.assert_allclose(ours['img'], theirs, atol=1e-4)  # of 255


def test_another_rounding_is_refused():
    with pytest.raises(ValueError, match='rounding'):
        Resize(scale=(1333, 800), keep_ratio=True, rounding='up')
