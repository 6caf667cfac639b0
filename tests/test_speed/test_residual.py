"""Residual blocks with their ReLU and sum inside the convolutions."""
import copy

import pytest
import torch
from mmdet.models.backbones.resnet import BasicBlock, Bottleneck
from torch import nn

from fcos_mm.speed.residual import FusedBlock, fuse_blocks
from fcos_mm.speed.winograd import WinogradConv2d, Workspace


def block(kind, *, normalised=False, downsample=True):
    torch.manual_seed(0)
    planes = 16 // kind.expansion
    made = kind(16, planes, downsample=nn.Conv2d(16, 16, 1) if downsample else None).eval()
    if not normalised:
        for name in ('norm1', 'norm2', 'norm3'):
            if hasattr(made, name):
                setattr(made, getattr(made, f'{name}_name'), nn.Identity())
    return made.requires_grad_(False)


@pytest.mark.parametrize('kind', [BasicBlock, Bottleneck])
@pytest.mark.parametrize('downsample', [True, False])
@pytest.mark.parametrize('memory', [torch.contiguous_format, torch.channels_last])
def test_equals_the_block(kind, downsample, memory):
    plain = block(kind, downsample=downsample)
    image = torch.randn(2, 16, 7, 9).contiguous(memory_format=memory)
    before = image.clone()
    expected = plain(image)
    fused = FusedBlock(plain)
    torch.testing.assert_close(fused(image), expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(image, before) and (expected == 0).any()
    assert fused.state_dict().keys() == plain.state_dict().keys()
    with torch.backends.mkldnn.flags(enabled=False):  # one call after the other
        torch.testing.assert_close(fused(image), expected, rtol=1e-5, atol=1e-6)


def test_with_winograd_inside():
    plain = block(Bottleneck)
    image, expected = torch.randn(1, 16, 6, 6), None
    expected = plain(image)
    plain.conv2 = WinogradConv2d(plain.conv2, workspace=Workspace())
    torch.testing.assert_close(FusedBlock(plain)(image), expected, rtol=1e-4, atol=1e-5)


def test_which_blocks_are_replaced():
    class Other(BasicBlock):
        pass

    fits, normalised = nn.Sequential(block(BasicBlock)), block(BasicBlock, normalised=True)
    net = nn.ModuleList([fits, normalised, block(Other)])
    fuse_blocks(net)
    assert [type(part) for part in net] == [nn.Sequential, BasicBlock, Other]
    assert type(copy.deepcopy(net)[0][0]) is FusedBlock
