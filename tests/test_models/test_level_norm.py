"""Towers with a normalisation of each level: AdelaiDet's, and by hand."""
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.model import convert_sync_batchnorm
from torch import nn

from fcos_mm.models import FCOSHead
from fcos_mm.models.level_norm import LevelNormConv

GOLDEN = Path(__file__).parents[1] / 'golden' / 'fcos_head' / 'per_level_bn.npz'


@pytest.fixture(scope='module')
def golden():
    with np.load(GOLDEN) as file:
        return dict(file)


@pytest.fixture
def head():
    torch.manual_seed(0)
    return FCOSHead(
        num_classes=3, in_channels=8, feat_channels=8, shared_convs=2, stacked_convs=1,
        strides=(8, 16, 32), regression='relu', conv_bias=True, norm_cfg=dict(type='BN'),
        norm_per_level=True, centerness=dict(type='fcos_mm.Centerness', position='reg'),
        assigner=dict(type='fcos_mm.FCOSAssigner',
                      regress_ranges=((0, 64), (64, 128), (128, None))))


@pytest.fixture(scope='module')
def features():
    random = np.random.default_rng(0)
    return [torch.from_numpy(random.standard_normal((2, 8, *size)).astype(np.float32))
            for size in ((6, 8), (3, 4), (2, 2))]


def test_equals_adelaidet_in_both_modes(head, golden, features, seeded_weights):
    weights = seeded_weights(golden['names'])
    for name in ('scales.0.scale', 'scales.1.scale', 'scales.2.scale'):
        weights[name] = weights[name].squeeze()
    own = {name for name in head.state_dict() if not name.endswith('num_batches_tracked')}
    assert own == set(weights)
    head.load_state_dict(weights, strict=False)
    for mode in ('eval', 'train'):
        head.train(mode == 'train')
        with torch.no_grad():
            outputs = head(features)
        for kind, maps in zip(('cls', 'reg', 'quality'), outputs):
            for level, ours in enumerate(maps):
                theirs = torch.from_numpy(golden[f'{mode}_{kind}{level}'])
                torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    state = head.state_dict()
    after = [name for name in golden if name.startswith('after.')]
    assert len(after) == 4 * 3 * 2
    for name in after:
        np.testing.assert_allclose(state[name.removeprefix('after.')], golden[name], rtol=1e-5)


def test_each_level_has_its_own_statistics():
    torch.manual_seed(0)
    layer = LevelNormConv(3, 4, levels=2, norm_cfg=dict(type='BN'))
    assert layer.conv.bias is None
    x = torch.randn(2, 3, 5, 6)
    before = layer.bns[0].running_mean.clone()
    made = layer(x, 1)
    hidden = F.conv2d(x, layer.conv.weight, padding=1)
    mean, var = hidden.mean((0, 2, 3), keepdim=True), hidden.var(
        (0, 2, 3), keepdim=True, unbiased=False)
    torch.testing.assert_close(made, F.relu((hidden - mean) / (var + 1e-5).sqrt()))
    assert torch.equal(layer.bns[0].running_mean, before)
    torch.testing.assert_close(layer.bns[1].running_mean, 0.1 * mean.flatten())


def test_synchronised_over_ranks_on_request(head):
    """What ``sync_bn = 'torch'`` of a config does."""
    names = set(head.state_dict())
    converted = convert_sync_batchnorm(head)
    kinds = [type(module) for module in converted.modules()
             if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    assert kinds == [nn.SyncBatchNorm] * 12
    assert set(converted.state_dict()) == names


def test_a_deeper_quality_branch_has_them_too():
    head = FCOSHead(
        num_classes=3, in_channels=8, feat_channels=8, stacked_convs=0, strides=(8, 16),
        norm_cfg=dict(type='GN', num_groups=2), norm_per_level=True,
        centerness=dict(type='fcos_mm.Centerness', num_convs=1),
        assigner=dict(type='fcos_mm.FCOSAssigner', regress_ranges=((0, 64), (64, None))))
    assert {name for name in head.state_dict() if name.startswith('centerness')} == {
        'centerness_convs.0.conv.weight', *(
            f'centerness_convs.0.bns.{level}.{name}' for level in (0, 1)
            for name in ('weight', 'bias'))}
    head([torch.zeros(1, 8, 4, 4), torch.zeros(1, 8, 2, 2)])
