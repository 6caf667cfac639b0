"""Deformable convolution, versions 1 and 2 (Dai et al., arXiv 1703.06211; Zhu et al., 1811.11168).

Every tap of the kernel reads the input at its usual place plus an offset of its own, between
cells; version 2 scales what it reads by a mask. The values read are multiplied with the kernel as
in any convolution. mmcv's operators write into tensors that the caller has made; their buffers
and ``im2col_step`` only matter to compiled code.
"""
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from fcos_mm.compat.ops.common import (
    at_least_float,
    full_precision,
    gradients,
    torchvision_ops,
)
from fcos_mm.compat.ops.sampling import Cells, around, weighted_sums, zero_outside

# Numbers read from the input at a time (256 MB in single precision).
NUMBERS_AT_ONCE = 1 << 26
PER_IMAGE = ('input', 'offset', 'mask')


class DeformConv(NamedTuple):
    """A deformable convolution without its weights. Pairs are (y, x).

    Called with ``input`` (B, C, H, W), ``offset`` (B, 2 * deform_groups * taps, H', W') with y
    before x for every tap, ``weight`` (O, C / groups, kernel height, kernel width), and optionally
    ``mask`` (B, deform_groups * taps, H', W') and ``bias`` (O,). Returns (B, O, H', W').
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


def deform_conv_forward(input: Tensor, weight: Tensor, offset: Tensor, output: Tensor,
                        columns: Tensor, ones: Tensor, **settings) -> None:
    """Version 1: fills ``output``."""
    _forward(_version1(**settings), output, input=input, offset=offset, weight=weight)


def deform_conv_backward_input(input: Tensor, offset: Tensor, grad_output: Tensor,
                               grad_input: Tensor, grad_offset: Tensor, weight: Tensor,
                               columns: Tensor, **settings) -> None:
    """Version 1: adds to ``grad_input`` and ``grad_offset``."""
    _backward(_version1(**settings), grad_output, dict(input=grad_input, offset=grad_offset),
              input=input, offset=offset, weight=weight)


def deform_conv_backward_parameters(input: Tensor, offset: Tensor, grad_output: Tensor,
                                    grad_weight: Tensor, columns: Tensor, ones: Tensor, *,
                                    scale: float, **settings) -> None:
    """Version 1: adds ``scale`` times the gradient to ``grad_weight``."""
    # the values of the weight do not enter its gradient, only its shape does
    _backward(_version1(**settings), grad_output * scale, dict(weight=grad_weight),
              input=input, offset=offset, weight=grad_weight)


def modulated_deform_conv_forward(input: Tensor, weight: Tensor, bias: Tensor, ones: Tensor,
                                  offset: Tensor, mask: Tensor, output: Tensor, columns: Tensor,
                                  *, with_bias: bool, **settings) -> None:
    """Version 2: fills ``output``."""
    shared = dict(weight=weight, bias=bias) if with_bias else dict(weight=weight)
    _forward(_version2(**settings), output, input=input, offset=offset, mask=mask, **shared)


def modulated_deform_conv_backward(input: Tensor, weight: Tensor, bias: Tensor, ones: Tensor,
                                   offset: Tensor, mask: Tensor, columns: Tensor,
                                   grad_input: Tensor, grad_weight: Tensor, grad_bias: Tensor,
                                   grad_offset: Tensor, grad_mask: Tensor, grad_output: Tensor,
                                   *, with_bias: bool, **settings) -> None:
    """Version 2: adds to the gradients of all its inputs."""
    grads = dict(input=grad_input, offset=grad_offset, mask=grad_mask, weight=grad_weight)
    arguments = dict(input=input, offset=offset, mask=mask, weight=weight)
    if with_bias:
        grads['bias'], arguments['bias'] = grad_bias, bias
    _backward(_version2(**settings), grad_output, grads, **arguments)


def _version1(*, kW: int, kH: int, dW: int, dH: int, padW: int, padH: int, dilationW: int,
              dilationH: int, group: int, deformable_group: int, im2col_step: int) -> DeformConv:
    return DeformConv((dH, dW), (padH, padW), (dilationH, dilationW), group, deformable_group)


def _version2(*, kernel_h: int, kernel_w: int, stride_h: int, stride_w: int, pad_h: int,
              pad_w: int, dilation_h: int, dilation_w: int, group: int,
              deformable_group: int) -> DeformConv:
    return DeformConv(
        (stride_h, stride_w), (pad_h, pad_w), (dilation_h, dilation_w), group, deformable_group)


def _forward(convolution: DeformConv, output: Tensor, **arguments: Tensor) -> None:
    """Fill ``output``, some images at a time."""
    with full_precision(output.device):
        for images, part in _parts(convolution, arguments):
            output[images] = convolution(**part).to(output.dtype)


def _backward(convolution: DeformConv, grad_output: Tensor, grads: dict[str, Tensor],
              **arguments: Tensor) -> None:
    """Add the gradients of the named arguments to ``grads``."""
    totals = {name: at_least_float(grad) for name, grad in grads.items()}
    for images, part in _parts(convolution, arguments):
        found = gradients(convolution, part, grads, grad_output[images])
        for name, grad in found.items():
            total = totals[name][images] if name in PER_IMAGE else totals[name]
            total += grad
    for name, grad in grads.items():
        grad.copy_(totals[name])


def _parts(convolution: DeformConv,
           arguments: dict[str, Tensor]) -> Iterator[tuple[slice, dict[str, Tensor]]]:
    """The arguments for some images at a time, in the type to compute in."""
    arguments = {name: at_least_float(value) for name, value in arguments.items()}
    at_once = convolution.images_at_once(arguments['input'], arguments['offset'])
    for begin in range(0, len(arguments['input']), at_once):
        images = slice(begin, begin + at_once)
        yield images, {name: value[images] if name in PER_IMAGE else value
                       for name, value in arguments.items()}
