"""Tiles of large images, and what they find of one object."""
import sys

import numpy as np
import pytest

from fcos_mm.detection.tiles import check_tiles, merge, tiles_of
from fcos_mm.errors import UserError


def test_an_image_as_small_as_a_tile():
    assert tiles_of(480, 640, 640) == [(0, 0, 640, 480)]


def test_tiles_overlap_by_a_fifth_and_end_with_the_image():
    pytest.importorskip('sahi')
    assert tiles_of(100, 250, 100) == [
        (0, 0, 250, 100), (0, 0, 100, 100), (80, 0, 180, 100), (150, 0, 250, 100)]


def test_what_two_tiles_found_of_an_object_is_one_box():
    """The part in one tile lies in the box of the other; another class and place stay."""
    pytest.importorskip('sahi')
    boxes = np.array([[10, 10, 50, 30], [30, 10, 60, 30], [10, 10, 50, 30], [90, 0, 99, 9]],
                     np.float32)
    merged, scores, labels = merge(boxes, np.array([0.6, 0.9, 0.7, 0.5], np.float32),
                                   np.array([0, 0, 1, 0]))
    assert merged.tolist() == [[10, 10, 60, 30], [10, 10, 50, 30], [90, 0, 99, 9]]
    assert scores == pytest.approx([0.9, 0.7, 0.5]) and labels.tolist() == [0, 1, 0]


def test_nothing_found():
    pytest.importorskip('sahi')
    boxes, scores, labels = merge(np.zeros((0, 4), np.float32), np.zeros(0, np.float32),
                                  np.zeros(0, np.int64))
    assert boxes.shape == (0, 4) and scores.shape == labels.shape == (0, )


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, 'sahi', None)
    with pytest.raises(UserError, match='--tiles needs the package sahi'):
        check_tiles()
