"""A detector whose convolutions compute in bfloat16."""
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from fcos_mm.compat.cpu_features import cpu_features
from fcos_mm.compat.modules import inner_model
from fcos_mm.errors import UserError
from fcos_mm.models.head import FCOSHead

PRECISIONS = ('fp32', 'bf16')

_PRODUCTS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm)
_NORMS = (*_BATCH_NORMS, nn.GroupNorm, nn.LayerNorm)


def check_precision(precision: str | None, device: torch.device) -> str:
    """Check that a device can compute in a precision; a warning if it is slow, else ``''``.

    Raises:
        UserError: If it cannot.
    """
    if precision is None or precision == 'fp32':
        return ''
    if precision not in PRECISIONS:
        raise UserError(f'precision {precision!r}: give one of {", ".join(PRECISIONS)}.')
    if device.type == 'cuda' and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise UserError('--precision bf16: this GPU does not compute in bfloat16 '
                        f'({torch.cuda.get_device_name(device)}). Use --precision fp32.')
    return cpu_features().why_slow_bf16 if device.type == 'cpu' else ''


def use_bf16(parts: Sequence[nn.Module]) -> None:
    """Convert the weights of convolutions and linear layers to bfloat16, in place, once.

    Each casts its input. Statistics of normalisation are float32. Layers with parameters of
    another kind (deformable convolutions, scales) stay float32, and so does the last layer of an
    :class:`FCOSHead` that predicts the distances: exp(x) would be off by 1% or more.

    Args:
        parts: Backbone, neck and head.
    """
    for part in parts:
        if isinstance(part, FCOSHead):
            _cast_inputs(part.conv_reg, torch.float32)
        _convert(part, {part.conv_reg} if isinstance(part, FCOSHead) else set())


def float32_inside(model: nn.Module) -> None:
    """Keep the convolutions of stride 2 of the neck out of autocast, in place.

    They make the coarsest levels, which are a few cells large. oneDNN's bfloat16 gradient of one
    over a single cell reads memory that nobody has written (torch 2.13).
    """
    for module in getattr(inner_model(model), 'neck', nn.Identity()).modules():
        if isinstance(module, nn.Conv2d) and max(module.stride) > 1 and (
                not hasattr(module, 'in_autocast')):
            module.in_autocast, module.forward = False, partial(_float32_forward, module)


def _float32_forward(conv: nn.Conv2d, images: Tensor) -> Tensor:
    with torch.autocast(images.device.type, enabled=False):
        return type(conv).forward(conv, images.to(conv.weight.dtype))


def _convert(module: nn.Module, kept: set[nn.Module]) -> None:
    if module in kept:
        return
    if isinstance(module, _PRODUCTS):
        _cast_inputs(module.to(torch.bfloat16), torch.bfloat16)
    elif isinstance(module, _NORMS):
        # On the CPU they take weights of another type than the input's.
        on_cpu = all(value.device.type == 'cpu' for value in module.parameters())
        if not on_cpu and not isinstance(module, _BATCH_NORMS):
            module.to(torch.bfloat16)
    elif any(True for _ in module.parameters(recurse=False)):
        _cast_inputs(module, torch.float32)
    else:
        for child in module.children():
            _convert(child, kept)


def _cast_inputs(module: nn.Module, dtype: torch.dtype) -> None:
    module.register_forward_pre_hook(partial(_cast_all, dtype))


def _cast_all(dtype: torch.dtype, module: nn.Module, inputs: tuple) -> tuple:
    return _cast(inputs, dtype)


def _cast(value, dtype: torch.dtype):
    """Floating-point tensors, or tuples and lists of them, in another type."""
    if isinstance(value, Tensor):
        return value.to(dtype) if value.is_floating_point() else value
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(item, dtype) for item in value)
    return value
