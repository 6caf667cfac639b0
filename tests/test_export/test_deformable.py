"""Deformable convolution by GridSample against mmcv's module."""
import pytest
import torch
from mmcv.ops import DeformConv2dPack, ModulatedDeformConv2dPack
from torch import nn

from fcos_mm.export.deformable import SampledDeformConv2d, use_grid_sampling


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
