"""Sec. 3.1: location (x, y) of stride s lies at (floor(s/2) + xs, floor(s/2) + ys)."""
import pytest
import torch

from fcos_mm.models import LocationGenerator


def test_points_of_two_levels_by_hand():
    locations = LocationGenerator((8, 16))([(2, 3), (1, 2)], 'cpu')
    assert locations.points.tolist() == [
        [4, 4], [12, 4], [20, 4],  # first row of stride 8: x runs first
        [4, 12], [12, 12], [20, 12],
        [8, 8], [24, 8],  # stride 16
    ]  # yapf: disable
    assert locations.strides.tolist() == [8] * 6 + [16] * 2
    assert locations.counts == (6, 2)


@pytest.mark.parametrize('offset, expected', [('floor', 2.), ('half', 2.5), ('zero', 0.)])
def test_offsets_differ_for_an_odd_stride(offset, expected):
    locations = LocationGenerator((5, ), offset=offset)([(1, 2)], 'cpu')
    assert locations.points.tolist() == [[expected, expected], [expected + 5, expected]]


def test_points_stay_exact_far_from_the_origin():
    locations = LocationGenerator((8, ))([(1, 3000)], 'cpu')
    assert locations.points.dtype == torch.float32
    assert locations.points[-1].tolist() == [2999 * 8 + 4, 4]


def test_same_size_comes_from_the_cache():
    generator = LocationGenerator((8, 16))
    first = generator([(2, 3), (1, 2)], 'cpu')
    assert generator([torch.Size((2, 3)), torch.Size((1, 2))], 'cpu').points is first.points


def test_cached_under_inference_mode_serves_training():
    with torch.inference_mode():
        locations = LocationGenerator((7, ))([(3, 3)], 'cpu')
    weight = torch.ones(2, requires_grad=True)
    (locations.points * weight).sum().backward()
    assert weight.grad.tolist() == [(3 + 10 + 17) * 3.] * 2


def test_wrong_options_are_named():
    with pytest.raises(ValueError, match="got 'middle'"):
        LocationGenerator((8, ), offset='middle')
    with pytest.raises(ValueError, match='expected 2 feature maps.*got 1'):
        LocationGenerator((8, 16))([(2, 3)], 'cpu')


def test_mirrored_points_less_mirrored_corners_are_the_distances():
    locations = LocationGenerator((8, ))([(4, 5)], 'cpu')
    x, y, minus_x, minus_y = locations.mirrored[3 + 5 * 2]  # column 3, row 2: (28, 20)
    assert (x, y, minus_x, minus_y) == (28, 20, -28, -20)
    left, top, right, bottom = locations.mirrored[13] - torch.tensor([0., 0., -100., -80.])
    assert (left, top, right, bottom) == (28, 20, 72, 60)
