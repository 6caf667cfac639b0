"""oneDNN's convolution with what follows it, which torch has for its compiler only."""
import torch
from torch import Tensor, nn


def available(dtype: torch.dtype) -> bool:
    """Whether :func:`conv_relu` and :func:`conv_add_relu` compute in this type here."""
    if not torch.backends.mkldnn.is_available() or not torch.backends.mkldnn.enabled:
        return False
    operators = torch.ops.mkldnn
    if not hasattr(operators, '_convolution_pointwise'):
        return False
    if dtype == torch.bfloat16:
        supported = getattr(operators, '_is_mkldnn_bf16_supported', None)
        return supported is not None and supported()
    return dtype == torch.float32


def conv_relu(images: Tensor, conv: nn.Conv2d) -> Tensor:
    """``conv(images).relu()``."""
    return torch.ops.mkldnn._convolution_pointwise(
        images, conv.weight, conv.bias, *_geometry(conv), 'relu', [], '')


def conv_add_relu(images: Tensor, conv: nn.Conv2d, other: Tensor) -> Tensor:
    """``(conv(images) + other).relu()``."""
    return torch.ops.mkldnn._convolution_pointwise.binary(
        images, other, conv.weight, conv.bias, *_geometry(conv), 'add', 1., 'relu', [], '')


def _geometry(conv: nn.Conv2d) -> tuple:
    return conv.padding, conv.stride, conv.dilation, conv.groups
