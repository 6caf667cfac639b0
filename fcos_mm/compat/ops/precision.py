"""The number type the operators compute in, and gradients by autograd."""
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def at_least_float(tensor: Tensor) -> Tensor:
    """The tensor in single precision, or as it is if it is in double."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def rounded_to_type(number: float, tensor: Tensor) -> float:
    """The number as the tensor's type has it.

    An IoU of 3 / 10 in single precision is above 0.3 in double precision, but
    not above 0.3 in single precision, with which mmcv compares it.
    """
    return torch.tensor(number, dtype=tensor.dtype).item()


def full_precision(device: torch.device) -> AbstractContextManager:
    """A context in which autocast does not lower the precision."""
    if device.type == 'meta':  # without numbers, and without autocast
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def gradients(function: Callable[..., Tensor], arguments: dict[str, Tensor], by: Iterable[str],
              grad_output: Tensor) -> dict[str, Tensor]:
    """Run a function again and carry a gradient back through it.

    mmcv's backward operators are given the tensors of the forward pass but no
    graph of it.

    Args:
        function: called with ``arguments``.
        arguments: tensors by name, in the number type to compute in.
        by: names of those to differentiate by.
        grad_output: gradient of the function's result.

    Returns:
        The gradient of each argument in ``by``.
    """
    with torch.enable_grad(), full_precision(grad_output.device):
        leaves = {name: arguments[name].detach().requires_grad_() for name in by}
        output = function(**{**arguments, **leaves})
        grads = torch.autograd.grad(output, tuple(leaves.values()), grad_output.to(output.dtype))
    return dict(zip(leaves, grads, strict=True))
