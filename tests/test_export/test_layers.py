"""Layers of exported networks against mmcv's modules."""
import pytest
import torch
from mmcv.cnn.bricks.conv2d_adaptive_padding import Conv2dAdaptivePadding
from mmcv.ops import DeformConv2dPack, ModulatedDeformConv2dPack
from torch import nn

from fcos_mm.export.layers import (
    SampledDeformConv2d,
    fix_padding,
    out_of_place,
    use_grid_sampling,
)


@torch.no_grad()
@pytest.mark.parametrize('kind', [DeformConv2dPack, ModulatedDeformConv2dPack])
@pytest.mark.parametrize('options, size', [
    (dict(), (7, 9)), (dict(stride=2), (8, 5)), (dict(dilation=2, padding=2), (6, 6)),
    (dict(groups=2), (5, 4)), (dict(deform_groups=2), (4, 6)), (dict(), (3, 1))])
def test_same_as_mmcv(kind, options, size):
    torch.manual_seed(0)
    conv = kind(4, 6, 3, **{'padding': 1, **options}).eval()
    conv.conv_offset.weight.normal_(0, 0.5)
    conv.conv_offset.bias.normal_(0, 2)  # far outside too
    images = torch.randn(2, 4, *size)
    assert torch.allclose(SampledDeformConv2d(conv)(images), conv(images), atol=1e-4)


@torch.no_grad()
def test_the_modules_are_replaced_at_any_depth():
    module = nn.Sequential(nn.Sequential(ModulatedDeformConv2dPack(2, 2, 3)), nn.Conv2d(2, 2, 1))
    use_grid_sampling(module)
    assert isinstance(module[0][0], SampledDeformConv2d) and type(module[1]) is nn.Conv2d


def test_activations_leave_their_input():
    network = nn.Sequential(nn.Identity(), nn.Sequential(nn.ReLU6(inplace=True)))
    images = -torch.ones(3)
    out_of_place(network)
    assert network(images).tolist() == [0.] * 3 and images.tolist() == [-1.] * 3


PADDED = [(3, 2, 1), (5, 2, 1), (5, 1, 1), (3, 1, 2), (1, 1, 1), (1, 2, 1), (2, 1, 1)]


@pytest.mark.parametrize('kernel, stride, dilation', PADDED)
@pytest.mark.parametrize('size', [(8, 8), (16, 24)])
def test_same_result_at_any_multiple(kernel, stride, dilation, size):
    conv = Conv2dAdaptivePadding(3, 4, kernel, stride, dilation=dilation, bias=True)
    network = nn.Sequential(conv)
    images = torch.randn(2, 3, *size)
    expected = network(images)
    fix_padding(network, 8)
    assert not any(isinstance(module, Conv2dAdaptivePadding) for module in network.modules())
    torch.testing.assert_close(network(images), expected)


def test_convolution_whose_input_is_not_divisible_stays():
    network = nn.Sequential(Conv2dAdaptivePadding(3, 4, 3, 2), Conv2dAdaptivePadding(4, 4, 3, 2),
                            Conv2dAdaptivePadding(4, 4, 3, 2))
    images = torch.randn(1, 3, 12, 20)
    expected = network(images)
    fix_padding(network, 4)
    assert [isinstance(module, Conv2dAdaptivePadding) for module in network] == [False, False, True]
    torch.testing.assert_close(network(images), expected)


def test_padding_behind_a_rounded_size():
    """24: 12, 6, 3, then 2, which 2 divides; 72: 36, 18, 9, then 5."""
    network = nn.Sequential(*(Conv2dAdaptivePadding(3, 3, 3, 2) for _ in range(5)),
                            Conv2dAdaptivePadding(3, 3, 3))
    images = torch.randn(1, 3, 72, 72)
    expected = network(images)
    fix_padding(network, 24)
    assert [isinstance(module, Conv2dAdaptivePadding) for module in network] == [
        False, False, False, True, True, False]
    torch.testing.assert_close(network(images), expected)
