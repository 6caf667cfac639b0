"""Deformable convolution, versions 1 and 2, in plain PyTorch.

Every tap of the kernel reads the input at its usual place plus an offset of
its own, between cells, and version 2 scales what it reads by a mask. The
values read are multiplied with the kernel as in any convolution.
(Dai et al., arXiv 1703.06211; Zhu et al., arXiv 1811.11168.)
"""
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from fcos_mm.compat.ops.sampling import Cells, around, weighted_sums, zero_outside
from fcos_mm.compat.ops.vision import torchvision_ops

# Numbers read from the input at a time (256 MB in single precision).
NUMBERS_AT_ONCE = 1 << 26


class DeformConv(NamedTuple):
    """A deformable convolution without its weights. Pairs are (y, x).

    Called with ``input`` (B, C, H, W), ``offset`` (B, 2 * deform_groups *
    taps, H', W') with y before x for every tap, ``weight`` (O, C / groups,
    kernel height, kernel width), and optionally ``mask`` (B, deform_groups *
    taps, H', W') and ``bias`` (O,). Returns (B, O, H', W').
    """

    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    deform_groups: int

    def __call__(self, input: Tensor, offset: Tensor, weight: Tensor, mask: Tensor | None = None,
                 bias: Tensor | None = None) -> Tensor:
        vision = torchvision_ops(input.device.type)
        if vision is not None:
            return vision.deform_conv2d(
                input, offset, weight, bias, self.stride, self.padding, self.dilation, mask)
        batch, _, height, width = offset.shape
        columns = self._columns(input, offset, mask, weight.shape[2:])
        output = torch.einsum(
            'pkgc,gock->pgo', columns.unflatten(2, (self.groups, -1)),
            weight.flatten(2).unflatten(0, (self.groups, -1))).flatten(1)
        if bias is not None:
            output = output + bias
        return output.view(batch, height, width, -1).permute(0, 3, 1, 2)

    def images_at_once(self, input: Tensor, offset: Tensor) -> int:
        """How many images one call should be given."""
        if torchvision_ops(input.device.type) is not None:
            return len(input)
        numbers = input.shape[1] * offset[0].numel() // (2 * self.deform_groups)
        return max(1, NUMBERS_AT_ONCE // max(1, numbers))

    def _columns(self, input: Tensor, offset: Tensor, mask: Tensor | None,
                 kernel_size: tuple[int, int]) -> Tensor:
        """(B * H' * W', taps, C) what every tap reads at every place."""
        batch, channels, height, width = input.shape
        features = input.permute(0, 2, 3, 1).reshape(-1, channels // self.deform_groups)
        y, x = self._points(offset, kernel_size)
        cells = around(zero_outside(y, height), zero_outside(x, width), width)
        image = torch.arange(batch, device=input.device).view(-1, 1, 1, 1, 1, 1)
        group = torch.arange(self.deform_groups, device=input.device).view(-1, 1)
        index = (image * height * width + cells.index) * self.deform_groups + group
        weight = cells.weight
        if mask is not None:
            mask = mask.unflatten(1, (self.deform_groups, -1)).permute(0, 3, 4, 2, 1)
            weight = weight * mask[..., None]
        starts = torch.arange(0, index.numel(), 4, device=input.device)
        columns = weighted_sums(features, Cells(index, weight), starts)
        return columns.view(-1, kernel_size[0] * kernel_size[1], channels)

    def _points(self, offset: Tensor, kernel_size: tuple[int, int]) -> Iterable[Tensor]:
        """y and x, (B, H', W', taps, deform_groups), of every point read."""
        size, device = offset.shape[2:], offset.device
        taps = torch.cartesian_prod(*(torch.arange(k, device=device) for k in kernel_size))
        shifts = offset.unflatten(1, (self.deform_groups, len(taps), 2)).permute(0, 4, 5, 2, 1, 3)
        for axis in (0, 1):
            tap = taps.view(-1, 2)[:, axis] * self.dilation[axis] - self.padding[axis]
            place = torch.arange(size[axis], device=device) * self.stride[axis]
            base = place.view((-1, 1, 1, 1) if axis == 0 else (-1, 1, 1)) + tap[:, None]
            yield base + shifts[..., axis]
