"""Feature maps against the strides of the head."""
import itertools
import math

import pytest
import torch
from torch import nn

from fcos_mm.errors import UserError
from fcos_mm.models import level_sizes
from fcos_mm.models.level_sizes import check_level_count, check_level_sizes

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
    maps = [tuple(math.ceil(side / stride) for side in size) for stride in strides]
    check_level_sizes(maps, strides, metas(size))


@pytest.mark.parametrize('layer', [
    nn.Conv2d(1, 1, 3, 2, 1), nn.Conv2d(1, 1, 2, 2), nn.Conv2d(1, 1, 3, 2),
    nn.Conv2d(1, 1, 4, 2, 2), nn.MaxPool2d(2), nn.MaxPool2d(2, ceil_mode=True)],
    ids=['same', 'floor', 'valid', 'wide', 'pool', 'pool up'])
@pytest.mark.parametrize('size', [(800, 1333), (799, 1333), (511, 767), (257, 319), (255, 190)])
def test_other_padding_passes(layer, size):
    maps, strides = halved(size, 3, layer.to('meta'))
    check_level_sizes(maps, strides, metas(size))


@pytest.mark.parametrize('size, strides', [
    *itertools.product([(800, 1333), (256, 256)], [(16, 32, 64), (4, 8, 16), (8, 16, 16),
                                                   (12, 16, 32)]),
    ((64, 96), (16, 32, 64)), ((64, 96), (4, 8, 16))])
def test_other_strides_do_not(size, strides):
    maps, found = halved(size, 3, nn.Conv2d(1, 1, 3, 2, 1).to('meta'))
    wrong = next(level for level in range(3) if strides[level] != found[level])
    with pytest.raises(UserError, match=f'Level {wrong} of the head') as caught:
        check_level_sizes(maps, strides, metas(size))
    assert 'Set model.bbox_head.strides=(8, 16, 32)' in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 4


def test_without_the_size_of_the_input_nothing_is_checked():
    for img_metas in (None, [], [dict(img_shape=(64, 64))]):
        check_level_sizes([(1, 1)], (8, ), img_metas)


def test_sizes_seen_before_cost_nothing(monkeypatch):
    check_level_sizes([(100, 167)], (8, ), metas((800, 1333)))
    monkeypatch.setattr(level_sizes, '_is_wrong', None)
    check_level_sizes([torch.Size((100, 167))], [8],
                      metas(torch.Size((3, 800, 1333))))


def test_number_of_maps():
    check_level_count(3, (8, 16, 32))
    with pytest.raises(UserError, match=r'gets 5 feature maps.*\(8, 16, 32\)'):
        check_level_count(5, (8, 16, 32))
