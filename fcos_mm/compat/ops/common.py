"""What the operators share: number types, autograd, torchvision."""
import functools
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType

import torch
from torch import Tensor


@functools.cache
def torchvision_ops(device_type: str) -> ModuleType | None:
    """``torchvision.ops``, or None where it is missing or does not work on a type of device.

    A torchvision made for another build of torch can often be installed but not imported, or
    imported but not used on the device at hand, so one operator is tried.
    """
    try:
        from torchvision import ops
        box = torch.tensor([[0., 0., 1., 1.]], device=device_type)
        works = ops.nms(box, box[:, 2], 0.5).tolist() == [0]
    except Exception:  # whatever a library that does not fit this torch raises
        return None
    return ops if works else None


def at_least_float(tensor: Tensor) -> Tensor:
    """The tensor in single precision, or as it is if it is in double."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def full_precision(device: torch.device) -> AbstractContextManager:
    """A context in which autocast does not lower the precision."""
    if device.type == 'meta':  # no numbers, and no autocast
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def gradients(function: Callable[..., Tensor], arguments: dict[str, Tensor], by: Iterable[str],
              grad_output: Tensor) -> dict[str, Tensor]:
    """Run a function again and backpropagate through it: the gradients by the names in ``by``.

    mmcv's backward operators get the tensors of the forward pass but no graph of it.

    Args:
        function: Called with ``arguments``.
        arguments: Tensors by name, in the number type to compute in.
        by: Names of those to differentiate by.
        grad_output: Gradient of the function's result.
    """
    with torch.enable_grad(), full_precision(grad_output.device):
        leaves = {name: arguments[name].detach().requires_grad_() for name in by}
        output = function(**{**arguments, **leaves})
        grads = torch.autograd.grad(output, tuple(leaves.values()), grad_output.to(output.dtype))
    return dict(zip(leaves, grads, strict=True))
