"""Deformable convolution against loops, ``conv2d`` and numeric gradients."""
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmcv.ops import deform_conv2d, modulated_deform_conv2d
from torch.autograd import gradcheck

from fcos_mm.compat.ops import deform_conv as plain

# kernel, stride, padding, dilation, groups, deform groups
SETTINGS = [
    ((3, 3), (1, 1), (1, 1), (1, 1), 1, 1),
    ((3, 2), (2, 1), (1, 0), (1, 2), 2, 2),
    ((1, 1), (1, 1), (0, 0), (1, 1), 1, 4),
]


def sample(plane, y, x):
    """Bilinear value where the plane is surrounded by zeros."""
    value = 0.0
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            if 0 <= row < len(plane) and 0 <= column < len(plane[0]):
                value += plane[row][column] * (1 - abs(y - row)) * (1 - abs(x - column))
    return value


def slow_deform_conv(image, offset, mask, weight, stride, padding, dilation, groups,
                     deform_groups):
    """(O, H', W') for one image (C, H, W), all as nested lists but ``weight``."""
    outputs, inputs, height, width = weight.shape
    taps = [(i, j) for i in range(height) for j in range(width)]
    result = np.zeros((outputs, len(offset[0]), len(offset[0][0])))
    for o, row, column in np.ndindex(result.shape):
        for c in range(inputs):
            channel = o // (outputs // groups) * inputs + c
            group = channel // (len(image) // deform_groups)
            for tap, (i, j) in enumerate(taps):
                at = group * len(taps) + tap
                y = row * stride[0] - padding[0] + i * dilation[0] + offset[2 * at][row][column]
                x = (column * stride[1] - padding[1] + j * dilation[1]
                     + offset[2 * at + 1][row][column])
                value = sample(image[channel], y, x) * mask[at][row][column]
                result[o, row, column] += value * float(weight[o, c, i, j])
    return result


def make(setting, random, batch=2, size=(5, 6)):
    """Input, offset, mask, weight, bias in double precision, and the rest."""
    kernel, *rest, groups, deform_groups = setting
    taps = kernel[0] * kernel[1]
    out = [(n + 2 * p - d * (k - 1) - 1) // s + 1
           for n, k, s, p, d in zip(size, kernel, *rest, strict=True)]
    shapes = ((batch, 4, *size), (batch, 2 * deform_groups * taps, *out),
              (batch, deform_groups * taps, *out), (4, 4 // groups, *kernel), (4, ))
    tensors = [torch.randn(shape, dtype=torch.double, generator=random) for shape in shapes]
    return [tensor.requires_grad_() for tensor in tensors], (*rest, groups, deform_groups)


@pytest.mark.parametrize('setting', SETTINGS)
def test_equals_the_slow_version(random, setting):
    (image, offset, mask, weight, bias), rest = make(setting, random)
    offset = offset.detach() * 2
    expected = [slow_deform_conv(image[b].tolist(), offset[b].tolist(), mask[b].tolist(),
                                 weight.detach(), *rest) for b in range(2)]
    result = modulated_deform_conv2d(image, offset, mask, weight, bias, *rest)
    torch.testing.assert_close(
        result, torch.stack([torch.from_numpy(e) for e in expected]) + bias.view(-1, 1, 1))


@pytest.mark.parametrize('setting', SETTINGS)
def test_without_offsets_it_is_a_convolution(random, setting):
    (image, offset, mask, weight, bias), rest = make(setting, random)
    expected = F.conv2d(image, weight, None, *rest[:4])
    zero, one = torch.zeros_like(offset), torch.ones_like(mask)
    torch.testing.assert_close(deform_conv2d(image, zero, weight, *rest), expected)
    torch.testing.assert_close(
        modulated_deform_conv2d(image, zero, one, weight, bias, *rest),
        expected + bias.view(-1, 1, 1))


@pytest.mark.parametrize('setting', SETTINGS)
def test_gradients(random, setting):
    """Those with mask and bias are numeric, the others follow from them."""
    (image, offset, mask, weight, bias), rest = make(setting, random, batch=1, size=(3, 4))
    assert gradcheck(lambda *tensors: modulated_deform_conv2d(*tensors, *rest),
                     (image, offset, mask, weight, bias))

    def grads(result, *tensors):
        return torch.autograd.grad((result * torch.linspace(-1, 1, result.numel()).view_as(
            result)).sum(), tensors)

    torch.testing.assert_close(
        grads(modulated_deform_conv2d(image, offset, mask, weight, None, *rest),
              image, offset, mask, weight),
        grads(modulated_deform_conv2d(image, offset, mask, weight, bias, *rest),
              image, offset, mask, weight))
    plain_mask = torch.ones_like(mask)
    torch.testing.assert_close(
        grads(deform_conv2d(image, offset, weight, *rest), image, offset, weight),
        grads(modulated_deform_conv2d(image, offset, plain_mask, weight, bias, *rest),
              image, offset, weight))


def test_gradient_of_an_offset_just_out_of_reach():
    """At y = -1 nothing is read, so that moving there changes nothing.

    The plane rises by 4 a row: the derivative by y is 4 inside.
    """
    plane = torch.arange(12.).view(1, 1, 3, 4) + 1
    kernel = torch.ones(1, 1, 1, 1)
    for y, expected in ((-1.0, 0.0), (0.0, 4.0), (1.0, 4.0), (3.0, 0.0)):
        offset = torch.zeros(1, 2, 3, 4)
        offset[0, 0, 0, 0] = y
        offset.requires_grad_()
        deform_conv2d(plane, offset, kernel)[0, 0, 0, 0].backward()
        assert offset.grad[0, 0, 0, 0].item() == expected


def test_offsets_without_a_meaning_read_nothing(random):
    (image, offset, mask, weight, bias), rest = make(SETTINGS[0], random)
    offset = torch.full_like(offset, torch.inf)
    offset[:, ::2] = torch.nan
    result = modulated_deform_conv2d(image, offset, mask, weight, bias, *rest)
    assert torch.equal(result, bias.view(-1, 1, 1).expand_as(result))


def test_image_by_image_changes_nothing(random, monkeypatch):
    tensors, rest = make(SETTINGS[1], random)

    def grads():
        return torch.autograd.grad(
            modulated_deform_conv2d(*tensors, *rest).square().sum(), tensors)

    together = grads()
    monkeypatch.setattr(plain, 'NUMBERS_AT_ONCE', 1)
    for one, other in zip(grads(), together, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_only_at_the_end(random, dtype):
    tensors, rest = make(SETTINGS[0], random)
    low = [tensor.detach().to(dtype).requires_grad_() for tensor in tensors]
    result = modulated_deform_conv2d(*low, *rest)
    exact = modulated_deform_conv2d(*(tensor.float() for tensor in low), *rest)
    assert torch.equal(result, exact.to(dtype))
    result.sum().backward()
    assert all(tensor.grad.dtype == dtype and tensor.grad.isfinite().all() for tensor in low)


def test_autocast_does_not_lower_the_precision(random):
    tensors, rest = make(SETTINGS[0], random)
    tensors = [tensor.detach().float() for tensor in tensors]
    exact = modulated_deform_conv2d(*tensors, *rest)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert torch.equal(modulated_deform_conv2d(*tensors, *rest), exact)
