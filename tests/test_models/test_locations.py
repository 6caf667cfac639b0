"""Sec. 3.1: location (x, y) of stride s lies at (floor(s/2) + xs, floor(s/2) + ys)."""
import itertools
import math

import pytest
import torch
from torch import nn

from fcos_mm.errors import UserError
from fcos_mm.models import LocationGenerator, flatten_levels, locations


def test_points_of_two_levels_by_hand():
    made = LocationGenerator((8, 16))([(2, 3), (1, 2)], 'cpu')
    assert made.points.tolist() == [
        [4, 4], [12, 4], [20, 4],  # first row of stride 8: x runs first
        [4, 12], [12, 12], [20, 12],
        [8, 8], [24, 8],  # stride 16
    ]  # yapf: disable
    assert made.strides.tolist() == [8] * 6 + [16] * 2
    assert made.counts == (6, 2)
    # stride, coordinate of the first location, rows, columns, index of the first, steps of y and x
    assert made.levels == ((8, 4, 2, 3, 0, 8, 8), (16, 8, 1, 2, 6, 16, 16))


def test_spacing_by_the_size_of_the_input():
    generator = LocationGenerator((8, 16), offset='zero', spacing='input')
    made = generator([(2, 3), (1, 2)], 'cpu', [dict(batch_input_shape=(14, 26))])
    assert made.points.tolist() == [
        [0, 0], [8, 0], [16, 0],  # 26 // 3
        [0, 7], [8, 7], [16, 7],  # 14 // 2
        [0, 0], [13, 0],
    ]  # yapf: disable
    assert made.strides.tolist() == [8] * 6 + [16] * 2
    assert made.levels == ((8, 0, 2, 3, 0, 7, 8), (16, 0, 1, 2, 6, 14, 13))


def test_spacing_by_the_input_needs_its_size():
    with pytest.raises(ValueError, match='batch_input_shape'):
        LocationGenerator((8, ), spacing='input')([(2, 2)], 'cpu', [{}])


@pytest.mark.parametrize('offset, expected', [('floor', 2.), ('half', 2.5), ('zero', 0.)])
def test_offsets_differ_for_an_odd_stride(offset, expected):
    made = LocationGenerator((5, ), offset=offset)([(1, 2)], 'cpu')
    assert made.points.tolist() == [[expected, expected], [expected + 5, expected]]


def test_points_stay_exact_far_from_the_origin():
    made = LocationGenerator((8, ))([(1, 3000)], 'cpu')
    assert made.points.dtype == torch.float32
    assert made.points[-1].tolist() == [2999 * 8 + 4, 4]


def test_same_size_comes_from_the_cache():
    generator = LocationGenerator((8, 16))
    first = generator([(2, 3), (1, 2)], 'cpu')
    assert generator([torch.Size((2, 3)), torch.Size((1, 2))], 'cpu').points is first.points


def test_cached_under_inference_mode_serves_training():
    with torch.inference_mode():
        made = LocationGenerator((7, ))([(3, 3)], 'cpu')
    weight = torch.ones(2, requires_grad=True)
    (made.points * weight).sum().backward()
    assert weight.grad.tolist() == [(3 + 10 + 17) * 3.] * 2


def test_wrong_options_are_named():
    with pytest.raises(ValueError, match="got 'middle'"):
        LocationGenerator((8, ), offset='middle')
    with pytest.raises(ValueError, match='location_spacing'):
        LocationGenerator((8, ), spacing='even')


@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
def test_flattened_maps_follow_the_locations(memory_format):
    maps = [torch.arange(2 * 3 * rows * columns).view(2, 3, rows, columns)
            for rows, columns in ((2, 3), (1, 2))]
    flat = flatten_levels([m.contiguous(memory_format=memory_format) for m in maps])
    assert flat.shape == (2, 8, 3)
    assert torch.equal(flat[1, 4], maps[0][1, :, 1, 1])  # row 1, column 1 of three columns
    assert torch.equal(flat[0, 7], maps[1][0, :, 0, 1])


SIZES = [(800, 1333), (799, 1333), (97, 131), (64, 64), (33, 500), (1, 1)]


def metas(size):
    return [dict(batch_input_shape=size)]


def halved(size, levels, layer):
    """Sizes of maps made by layers of stride 2, from the third on, with their strides."""
    maps, value = [], torch.zeros(1, 1, *size, device='meta')
    for number in range(levels + 2):
        value = layer(value)
        if number >= 2:
            maps.append(tuple(value.shape[2:]))
    return maps, [2 ** (number + 3) for number in range(levels)]


@pytest.mark.parametrize('size', SIZES)
def test_sizes_rounded_up_pass(size):
    strides = (4, 8, 16, 32, 64, 128)
    generator = LocationGenerator(strides)
    maps = generator.sizes(*size)
    assert maps == tuple(tuple(math.ceil(side / stride) for side in size) for stride in strides)
    generator.check_sizes(maps, metas(size))


@pytest.mark.parametrize('layer', [
    nn.Conv2d(1, 1, 3, 2, 1), nn.Conv2d(1, 1, 2, 2), nn.Conv2d(1, 1, 3, 2),
    nn.Conv2d(1, 1, 4, 2, 2), nn.MaxPool2d(2), nn.MaxPool2d(2, ceil_mode=True)],
    ids=['same', 'floor', 'valid', 'wide', 'pool', 'pool up'])
@pytest.mark.parametrize('size', [(800, 1333), (799, 1333), (511, 767), (257, 319), (255, 190)])
def test_other_padding_passes(layer, size):
    maps, strides = halved(size, 3, layer.to('meta'))
    LocationGenerator(strides).check_sizes(maps, metas(size))


@pytest.mark.parametrize('size, strides', [
    *itertools.product([(800, 1333), (256, 256)], [(16, 32, 64), (4, 8, 16), (8, 16, 16),
                                                   (12, 16, 32)]),
    ((64, 96), (16, 32, 64)), ((64, 96), (4, 8, 16))])
def test_other_strides_do_not(size, strides):
    maps, found = halved(size, 3, nn.Conv2d(1, 1, 3, 2, 1).to('meta'))
    wrong = next(level for level in range(3) if strides[level] != found[level])
    with pytest.raises(UserError, match=f'Level {wrong} of the head') as caught:
        LocationGenerator(strides).check_sizes(maps, metas(size))
    assert 'Set model.bbox_head.strides=(8, 16, 32)' in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 4


def test_without_the_size_of_the_input_nothing_is_checked():
    for img_metas in (None, [], [dict(img_shape=(64, 64))]):
        LocationGenerator((8, )).check_sizes([(1, 1)], img_metas)


def test_sizes_seen_before_cost_nothing(monkeypatch):
    generator = LocationGenerator((8, ))
    generator.check_sizes([(100, 167)], metas((800, 1333)))
    monkeypatch.setattr(locations, '_is_wrong', None)
    generator.check_sizes([torch.Size((100, 167))], metas(torch.Size((3, 800, 1333))))


def test_number_of_maps():
    with pytest.raises(UserError, match=r'gets 5 feature maps.*\(8, 16, 32\) are 3'):
        LocationGenerator((8, 16, 32))([(1, 1)] * 5, 'cpu')
