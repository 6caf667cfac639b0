"""EfficientNet-Lite: stage by stage equal to the reference network, freezing, wrong settings."""
import pytest
import torch
from torch import nn

from fcos_mm.models import EfficientNetLite

# Channels of the stages, and the number of the last block of each in the reference network.
STAGES = {'lite0': ((24, 40, 112, 320), (2, 4, 10, 15)),
          'lite1': ((24, 40, 112, 320), (3, 6, 14, 20)),
          'lite2': ((24, 48, 120, 352), (3, 6, 14, 20))}


def with_random_statistics(model: nn.Module) -> nn.Module:
    """New batch norms change nothing: give them values that do."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model.eval()


def copy_in_order(source: nn.Module, target: nn.Module) -> None:
    """Copy tensors by their place: both networks list them in the order of the layers."""
    values = list(source.state_dict().values())
    own = list(target.state_dict().values())
    assert len(own) <= len(values)
    for tensor, value in zip(own, values):
        tensor.copy_(value)


@torch.no_grad()
def reference_stages(network, image, last_blocks):
    x = network._swish(network._bn0(network._conv_stem(image)))
    stages = []
    for number, block in enumerate(network._blocks):
        x = block(x)
        if number in last_blocks:
            stages.append(x)
    return stages


@pytest.mark.parametrize('arch', STAGES)
@pytest.mark.parametrize('size', [(64, 96), (75, 101)], ids=str)
def test_every_stage_equals_the_reference_network(arch, size):
    reference = pytest.importorskip('efficientnet_lite_pytorch')
    channels, last_blocks = STAGES[arch]
    torch.manual_seed(0)
    network = with_random_statistics(
        reference.EfficientNet.from_name(f'efficientnet-{arch}', image_size=None))
    backbone = EfficientNetLite(arch=arch, out_indices=(0, 1, 2, 3)).eval()
    copy_in_order(network, backbone)
    image = torch.randn(2, 3, *size)
    with torch.no_grad():
        maps = backbone(image)
    assert [tuple(each.shape) for each in maps] == [
        (2, count, -(-size[0] // stride), -(-size[1] // stride))
        for count, stride in zip(channels, (4, 8, 16, 32))]
    for ours, theirs in zip(maps, reference_stages(network, image, last_blocks)):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_stages_that_are_not_returned_are_not_built():
    image = torch.zeros(1, 3, 64, 64)
    backbone = EfficientNetLite(out_indices=(0, 2)).eval()
    assert [each.size(1) for each in backbone(image)] == [24, 112]
    assert len(backbone.blocks) == 11
    backbone(image)[-1].sum().backward()
    assert all(parameter.grad is not None for parameter in backbone.parameters())


def test_weights_of_all_stages_load_into_some():
    whole, part = EfficientNetLite(), EfficientNetLite(out_indices=(0, 1))
    weights = whole.state_dict()
    holder = nn.ModuleDict(dict(backbone=part))
    holder.load_state_dict({f'backbone.{name}': value for name, value in weights.items()})
    part.load_state_dict(weights)
    assert len(weights) == 288 and all(torch.equal(value, weights[name])
                                       for name, value in part.state_dict().items())
    with pytest.raises(RuntimeError, match='Unexpected.*blocks.0.expand_conv'):
        part.load_state_dict({**weights, 'blocks.0.expand_conv.conv.weight': torch.zeros(1)})


@pytest.mark.parametrize('frozen_stages, blocks', [(-1, None), (0, 0), (1, 3), (2, 5), (4, 16)])
def test_frozen_stages_have_no_gradients_and_keep_their_statistics(frozen_stages, blocks):
    backbone = EfficientNetLite(frozen_stages=frozen_stages)
    assert backbone.train() is backbone
    frozen = [] if blocks is None else [backbone.stem, *backbone.blocks[:blocks]]
    assert {id(p) for p in backbone.parameters() if not p.requires_grad} == {
        id(p) for module in frozen for p in module.parameters()}
    assert {id(m) for m in backbone.modules() if not m.training} == {
        id(m) for module in frozen for m in module.modules()}


def test_norm_eval_keeps_statistics_and_trains_the_rest():
    backbone = EfficientNetLite(norm_eval=True).train()
    assert {type(m) for m in backbone.modules() if not m.training} == {nn.BatchNorm2d}
    assert not any(m.training for m in backbone.modules() if isinstance(m, nn.BatchNorm2d))
    assert all(parameter.requires_grad for parameter in backbone.parameters())


def test_batch_norms_have_the_epsilon_of_the_weights_unless_it_is_set():
    def epsilons(**settings):
        backbone = EfficientNetLite(**settings)
        return {m.eps for m in backbone.modules() if isinstance(m, nn.BatchNorm2d)}
    assert epsilons() == {1e-3}
    assert epsilons(norm_cfg=dict(type='BN', requires_grad=False)) == {1e-3}
    assert epsilons(norm_cfg=dict(type='BN', eps=1e-5)) == {1e-5}


@pytest.mark.parametrize('settings, message', [
    (dict(arch='lite9'), "arch='lite9' is none of lite0, lite1, lite2"),
    (dict(out_indices=(1, 4)), r'out_indices=\(1, 4\) are not stages from 0 to 3'),
    (dict(out_indices=()), r'out_indices=\(\) are not stages'),
    (dict(frozen_stages=5), 'frozen_stages=5 is not in -1 to 4'),
])
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        EfficientNetLite(**settings)
