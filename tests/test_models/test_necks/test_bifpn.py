"""BiFPN: fusion by hand, and the wiring against one that is written out."""
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fcos_mm.models import BiFPN
from fcos_mm.models.necks.bifpn import BiFPNLayer

SIZES = ((20, 13), (10, 7), (5, 4))  # halves, rounded up


def build(**options):
    torch.manual_seed(0)
    neck = BiFPN(**{**dict(in_channels=[3, 5, 7], out_channels=4, num_repeats=2), **options})
    for parameter in neck.parameters():
        parameter.data.add_(0.3 * torch.rand_like(parameter))
    return neck.eval()


def maps(channels=(3, 5, 7)):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(2, count, *size, generator=generator)
            for count, size in zip(channels, SIZES)]


@pytest.mark.parametrize('weights, shares', [
    ((1., 1.), (1 / 2.0001, 1 / 2.0001)), ((1., 3.), (1 / 4.0001, 3 / 4.0001)),
    ((2., -5.), (2 / 2.0001, 0)), ((-1., 0.), (0, 0)),
    ((1., 2., 5.), (1 / 8.0001, 2 / 8.0001, 5 / 8.0001))])
def test_fusion_by_hand(weights, shares):
    layer = BiFPNLayer(1, levels=2, eps=1e-4, norm_cfg=dict(type='BN'), act_cfg=dict(type='SiLU'))
    inputs = [torch.full((1, 1, 1, 1), value) for value in (10., 100., 1000.)[:len(weights)]]
    expected = sum(share * value.item() for share, value in zip(shares, inputs))
    assert layer._fused(torch.tensor(weights), *inputs).item() == pytest.approx(expected, rel=1e-6)


def node(module, *weighted):
    """A node written out: numbers for the weights."""
    total = sum(max(weight, 0) for weight, _ in weighted) + 1e-4
    x = sum(max(weight, 0) / total * each for weight, each in weighted)
    x = x * torch.sigmoid(x)
    x = F.conv2d(x, module.depthwise.weight, padding=1, groups=x.size(1))
    x = F.conv2d(x, module.pointwise.weight)
    norm = module.norm
    return F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias,
                        eps=norm.eps)


def enlarged(x, like):
    rows, columns = ([index * x.size(axis) // like.size(axis) for index in range(like.size(axis))]
                     for axis in (2, 3))
    return x[:, :, rows][:, :, :, columns]


def halved(x):
    return F.max_pool2d(F.pad(x, (1, 1, 1, 1), value=-torch.inf), 3, 2)


def slow_layer(layer, p3, p4, p5, p6, p7):
    """One layer with the levels by their names (Fig. 2d of the paper)."""
    down, up, top = (part.tolist() for part in (
        layer.down_weights, layer.up_weights, layer.top_weights))
    down_nodes, up_nodes = layer.down_nodes, layer.up_nodes
    m6 = node(down_nodes[3], (down[3][0], p6), (down[3][1], enlarged(p7, p6)))
    m5 = node(down_nodes[2], (down[2][0], p5), (down[2][1], enlarged(m6, p5)))
    m4 = node(down_nodes[1], (down[1][0], p4), (down[1][1], enlarged(m5, p4)))
    o3 = node(down_nodes[0], (down[0][0], p3), (down[0][1], enlarged(m4, p3)))
    o4 = node(up_nodes[0], (up[0][0], p4), (up[0][1], m4), (up[0][2], halved(o3)))
    o5 = node(up_nodes[1], (up[1][0], p5), (up[1][1], m5), (up[1][2], halved(o4)))
    o6 = node(up_nodes[2], (up[2][0], p6), (up[2][1], m6), (up[2][2], halved(o5)))
    o7 = node(up_nodes[3], (top[0], p7), (top[1], halved(o6)))
    return o3, o4, o5, o6, o7


@torch.no_grad()
def test_equals_the_network_written_out():
    neck, inputs = build(), maps()
    levels = [conv(each) for conv, each in zip(neck.lateral_convs, inputs)]
    p6 = halved(neck.top_conv(inputs[2]))
    levels += [p6, halved(p6)]
    for layer in neck.layers:
        levels = slow_layer(layer, *levels)
    made = neck(inputs)
    assert [tuple(each.shape[2:]) for each in made] == [*SIZES, (3, 2), (2, 1)]
    for ours, expected in zip(made, levels):
        torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('options, used, sizes', [
    (dict(num_outs=3), 3, SIZES), (dict(num_outs=4), 3, (*SIZES, (3, 2))),
    (dict(start_level=1, num_outs=2), 2, SIZES[1:]),
    (dict(start_level=1, num_outs=4), 2, (*SIZES[1:], (3, 2), (2, 1))),
    (dict(end_level=1, num_outs=2), 2, SIZES[:2])])
def test_levels(options, used, sizes):
    neck = build(**options)
    assert len(neck.lateral_convs) == used
    assert (neck.top_conv is not None) == (options['num_outs'] > used)
    made = neck.train()(maps())
    assert [tuple(each.shape) for each in made] == [(2, 4, *size) for size in sizes]
    sum(each.square().sum() for each in made).backward()
    assert all(parameter.grad is not None for parameter in neck.parameters())


def test_normalisation_and_activation_are_settings():
    neck = build(norm_cfg=dict(type='GN', num_groups=2), act_cfg=dict(type='ReLU'))
    assert not any(isinstance(module, (nn.BatchNorm2d, nn.SiLU)) for module in neck.modules())
    neck(maps())


@pytest.mark.parametrize('options, message', [
    (dict(num_outs=2), 'num_outs=2 must be'), (dict(start_level=3), 'number of maps'),
    (dict(start_level=2, num_outs=1), 'at least 2'),
    (dict(num_repeats=0), 'num_repeats must be at least 1, got 0')])
def test_wrong_settings(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
