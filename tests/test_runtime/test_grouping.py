"""Batches of images of one size."""
from fcos_mm.runtime.grouping import batches


def test_batches_hold_one_shape_each():
    shapes = [(4, 8), (8, 4), (4, 8), (4, 8), (8, 4)]
    assert list(batches(shapes, 2)) == [[0, 2], [3], [1, 4]]
    assert list(batches(shapes, 9)) == [[0, 2, 3], [1, 4]]
    assert list(batches([], 3)) == []
