"""Bilinear interpolation without OpenCV: the same bits."""
import cv2
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from fcos_mm.runtime import resize as module
from fcos_mm.runtime.resize import resize, resize_bilinear, resize_float

SIDES = st.integers(1, 90)


@settings(max_examples=300, deadline=None)
@given(SIDES, SIDES, SIDES, SIDES, st.integers(0, 1000))
@example(20, 30, 10, 15, 0)  # halved: the mean of each four
@example(20, 30, 20, 15, 0)
@example(1, 1, 9, 9, 0)
@example(7, 5, 7, 5, 0)
@example(200, 3, 190, 2, 0)  # more rows than are computed at once
def test_equals_opencv(rows, columns, height, width, seed):
    image = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3)).astype(np.uint8)
    expected = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(resize_bilinear(image, width, height), expected)


@pytest.mark.parametrize('size', [(1067, 800), (333, 250), (320, 240), (640, 481)])
def test_equals_opencv_on_a_photograph_size(size):
    image = np.random.default_rng(0).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    expected = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(resize_bilinear(image, *size), expected)


def test_opencv_is_used_where_it_is_installed(monkeypatch):
    image = np.zeros((4, 4, 3), np.uint8)
    monkeypatch.setattr(module, 'resize_bilinear', lambda *_: 'numpy')
    assert resize(image, 8, 8).shape == (8, 8, 3)
    monkeypatch.setattr(module, 'opencv', lambda: None)
    assert resize(image, 8, 8) == 'numpy'


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, SIDES, SIDES, st.integers(0, 1000))
@example(1, 1, 9, 9, 0)
@example(7, 5, 7, 5, 0)
@example(200, 3, 190, 2, 0)  # more rows than are computed at once
@example(7, 700, 13, 1311, 0)  # places far from 0, whose last bit counts
def test_equals_torch(rows, columns, height, width, seed):
    image = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3)).astype(np.uint8)
    planes = torch.from_numpy(image.transpose(2, 0, 1).astype(np.float32))[None]
    expected = interpolate(planes, size=(height, width), mode='bilinear')[0].numpy()
    got = resize_float(image, width, height)
    assert got.dtype == np.float32 and got.shape == (height, width, 3)
    # without fused operations the last bit of a place decides over more
    assert np.abs(got - expected.transpose(1, 2, 0)).max() <= 1e-4 * 255
