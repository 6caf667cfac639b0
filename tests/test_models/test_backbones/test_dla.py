"""DLA-34: equal to the published network, whose weights load by name."""
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fcos_mm.models import DLA

GOLDEN = Path(__file__).parents[2] / 'golden' / 'dla' / 'dla34.npz'
UNUSED = [f'level{level}.project.{layer}' for level in (3, 4) for layer in (
    '0.weight', '1.weight', '1.bias', '1.running_mean', '1.running_var')]


@pytest.fixture(scope='module')
def golden():
    with np.load(GOLDEN) as file:
        return dict(file)


@pytest.fixture(scope='module')
def published(golden, seeded_weights):
    """Weights by the names of the published file, with its classifier."""
    return {**seeded_weights(golden['names']), 'fc.weight': torch.zeros(1000, 512, 1, 1),
            'fc.bias': torch.zeros(1000)}


def test_every_stage_equals_the_published_network(golden, published):
    backbone = DLA(out_indices=(0, 1, 2, 3)).eval()
    missing = backbone.load_state_dict(published, strict=False).missing_keys
    assert all(name.endswith('num_batches_tracked') for name in missing)
    image = torch.from_numpy(
        np.random.default_rng(0).standard_normal((1, 3, 64, 96)).astype(np.float32))
    with torch.no_grad():
        maps = backbone(image)
    assert [tuple(each.shape) for each in maps] == [
        (1, 64, 16, 24), (1, 128, 8, 12), (1, 256, 4, 6), (1, 512, 2, 3)]
    for level, ours in enumerate(maps, start=2):
        theirs = torch.from_numpy(golden[f'level{level}'])
        step = 1 if level == 5 else 2
        part = ours[0, ::ours.size(1) // 16, ::step, ::step]
        assert (part - theirs).abs().max() < 1e-5 * theirs.abs().max()
        sums = ours.double().sum(), ours.double().abs().sum()
        np.testing.assert_allclose(sums, golden[f'sum{level}'], rtol=1e-4)


def test_names_are_those_of_the_published_weights(published):
    own = {name for name in DLA().state_dict() if not name.endswith('num_batches_tracked')}
    assert own == {name for name in published if not name.startswith('fc.')} - {*UNUSED}
    assert sum(parameter.numel() for parameter in DLA().parameters()) == 15_229_104


def test_loads_as_part_of_a_detector_and_refuses_other_names(published):
    backbone = DLA(out_indices=(0, ))
    whole = {f'backbone.{name}': value for name, value in published.items()}
    holder = nn.ModuleDict(dict(backbone=backbone))
    holder.load_state_dict(whole, strict=False)
    assert torch.equal(backbone.level2.root.conv.weight, published['level2.root.conv.weight'])
    found = holder.load_state_dict({**whole, 'backbone.level2.other.weight': torch.zeros(1)},
                                   strict=False)
    assert found.unexpected_keys == ['backbone.level2.other.weight']


@pytest.mark.parametrize('out_indices', [(0, ), (1, 3), (0, 1, 2)])
def test_channels_and_that_every_parameter_learns(out_indices):
    backbone = DLA(base_channels=2, out_indices=out_indices)
    maps = backbone(torch.randn(2, 3, 64, 64))
    assert [each.size(1) for each in maps] == DLA.made_channels(
        base_channels=2, out_indices=out_indices) == [8 << index for index in out_indices]
    assert [each.size(2) for each in maps] == [16 >> index for index in out_indices]
    maps[-1].sum().backward()
    assert all(parameter.grad is not None for parameter in backbone.parameters())


@pytest.mark.parametrize('frozen_stages, frozen', [
    (-1, ()), (0, ('base_layer', 'level0', 'level1')),
    (2, ('base_layer', 'level0', 'level1', 'level2', 'level3'))])
def test_frozen_stages_have_no_gradients_and_keep_their_statistics(frozen_stages, frozen):
    backbone = DLA(base_channels=2, frozen_stages=frozen_stages)
    assert backbone.train() is backbone
    for name, parameter in backbone.named_parameters():
        assert parameter.requires_grad == (name.partition('.')[0] not in frozen), name
    for name, module in backbone.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.training == (name.partition('.')[0] not in frozen), name


def test_statistics_are_kept_on_request():
    backbone = DLA(base_channels=2, norm_eval=True).train()
    assert not any(module.training for module in backbone.modules()
                   if isinstance(module, nn.BatchNorm2d))


@pytest.mark.parametrize('options, message', [
    (dict(depth=60), 'depth=60 is none of 34'),
    (dict(out_indices=(4, )), r'out_indices=\(4,\) are not stages from 0 to 3'),
    (dict(frozen_stages=5), 'frozen_stages=5 is not in -1 to 4')])
def test_wrong_settings(options, message):
    with pytest.raises(ValueError, match=message):
        DLA(**options)
