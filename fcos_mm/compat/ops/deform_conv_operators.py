"""Deformable convolution under the names and arguments mmcv calls it by.

Results are written into tensors that the caller has made. Buffers and
``im2col_step`` only matter to mmcv's compiled code.
"""
from collections.abc import Iterator

from torch import Tensor

from fcos_mm.compat.ops.deform_conv import DeformConv
from fcos_mm.compat.ops.precision import at_least_float, full_precision, gradients

PER_IMAGE = ('input', 'offset', 'mask')


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
    """The convolution, from the arguments of version 1."""
    return DeformConv((dH, dW), (padH, padW), (dilationH, dilationW), group, deformable_group)


def _version2(*, kernel_h: int, kernel_w: int, stride_h: int, stride_w: int, pad_h: int,
              pad_w: int, dilation_h: int, dilation_w: int, group: int,
              deformable_group: int) -> DeformConv:
    """The convolution, from the arguments of version 2."""
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
