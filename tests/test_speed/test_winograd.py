"""3x3 convolutions by Winograd's way: the direct way's answers."""
import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fcos_mm.speed.winograd import (
    WinogradConv2d,
    Workspace,
    transform_filters,
    transforms,
    use_winograd,
    winograd_conv2d,
)


def test_one_tile_of_one_line():
    """Inputs 1..6, filter (1, 0, 2): outputs d0 + 2 d2 = 7, 10, 13, 16."""
    outputs, filters, inputs = transforms()
    line = torch.tensor([1., 2, 3, 4, 5, 6], dtype=torch.float64)
    taps = torch.tensor([1., 0, 2], dtype=torch.float64)
    got = outputs @ ((filters @ taps) * (inputs @ line))
    torch.testing.assert_close(got, torch.tensor([7., 10, 13, 16], dtype=torch.float64))


@pytest.mark.parametrize('shape, why', [
    ((1, 16, 4, 4), 'one tile'),
    ((2, 16, 8, 12), 'whole tiles, two images'),
    ((1, 16, 7, 9), 'tiles that reach beyond the map'),
    ((1, 16, 1, 1), 'one pixel'),
    ((1, 16, 3, 8200), 'more tiles in a row than are done at a time'),
    ((2, 16, 190, 201), 'several strips'),
])
@pytest.mark.parametrize('bias', [True, False])
@pytest.mark.parametrize('memory', [torch.contiguous_format, torch.channels_last])
def test_equals_direct_convolution(shape, why, bias, memory):
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(shape, generator=generator).contiguous(memory_format=memory)
    weight = torch.randn(24, 16, 3, 3, generator=generator)
    bias = torch.randn(24, generator=generator) if bias else None
    expected = F.conv2d(images.double(), weight.double(),
                        None if bias is None else bias.double(), padding=1)
    got = winograd_conv2d(images, transform_filters(weight), bias, Workspace())
    assert got.shape == expected.shape
    assert got.is_contiguous(memory_format=torch.channels_last)
    error = (got - expected).abs().max() / expected.abs().max()
    assert error < 1e-5, why


def test_memory_is_reused_without_traces():
    """A large map, then a small one, then the large one again."""
    workspace, generator = Workspace(), torch.Generator().manual_seed(0)
    filters = transform_filters(torch.randn(8, 8, 3, 3, generator=generator))
    large, small = (torch.randn(1, 8, size, size, generator=generator) for size in (33, 5))
    expected = [winograd_conv2d(x, filters, None, Workspace()) for x in (large, small, large)]
    for image, result in zip((large, small, large), expected):
        assert torch.equal(winograd_conv2d(image, filters, None, workspace), result)


def test_inference_mode_and_no_grad_mix():
    conv = WinogradConv2d(nn.Conv2d(8, 8, 3, padding=1), workspace=Workspace())
    image = torch.randn(1, 8, 9, 9)
    with torch.inference_mode():
        first = conv(image).clone()
    with torch.no_grad():
        assert torch.equal(conv(image), first)


def test_gradients_and_half_precision_take_the_direct_way():
    conv = nn.Conv2d(8, 8, 3, padding=1)
    other = WinogradConv2d(conv, workspace=Workspace())
    image = torch.randn(1, 8, 9, 9, requires_grad=True)
    assert torch.equal(other(image), conv(image))
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        assert other(image.detach()).dtype == torch.bfloat16


def test_which_convolutions_are_replaced():
    net = nn.ModuleDict(dict(
        fits=nn.Conv2d(128, 256, 3, padding=1),
        inner=nn.Sequential(nn.Conv2d(256, 80, 3, padding=1)),
        strided=nn.Conv2d(128, 128, 3, padding=1, stride=2),
        unpadded=nn.Conv2d(128, 128, 3),
        dilated=nn.Conv2d(128, 128, 3, padding=1, dilation=2),
        grouped=nn.Conv2d(128, 128, 3, padding=1, groups=2),
        pointwise=nn.Conv2d(128, 128, 1),
        reflecting=nn.Conv2d(128, 128, 3, padding=1, padding_mode='reflect'),
        narrow=nn.Conv2d(64, 128, 3, padding=1),
        few_outputs=nn.Conv2d(256, 4, 3, padding=1)))
    expected = net.state_dict()
    use_winograd(net)
    replaced = [name for name, m in net.named_modules() if isinstance(m, WinogradConv2d)]
    assert replaced == ['fits', 'inner.0']
    assert net.fits.workspace is net.inner[0].workspace
    assert all(torch.equal(value, expected[name]) for name, value in net.state_dict().items())
    assert net.state_dict().keys() == expected.keys()


def test_a_copy_has_its_own_memory():
    conv = WinogradConv2d(nn.Conv2d(8, 8, 3, padding=1), workspace=Workspace())
    other = copy.deepcopy(conv)
    assert other.workspace is not conv.workspace
    image = torch.randn(1, 8, 5, 5)
    with torch.no_grad():
        assert torch.equal(other(image), conv(image))
