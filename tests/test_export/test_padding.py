"""Padding that depends on the size, as a constant."""
import pytest
import torch
from mmcv.cnn.bricks.conv2d_adaptive_padding import Conv2dAdaptivePadding
from torch import nn

from fcos_mm.export.padding import fix_padding

KINDS = [(3, 2, 1), (5, 2, 1), (5, 1, 1), (3, 1, 2), (1, 1, 1), (1, 2, 1), (2, 1, 1)]


@pytest.mark.parametrize('kernel, stride, dilation', KINDS)
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
