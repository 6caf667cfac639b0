"""Skip optimizer steps on the GPU via ``found_inf``, without a host sync; foreach kernels."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.optim import Optimizer


def can_skip_on_device(optimizer: Optimizer, parameters: Sequence[Tensor]) -> bool:
    """Whether the next step on these parameters can be skipped by :func:`skip_step_if`.

    torch's fused optimizers can, as loss scaling needs it. Their first step is excepted: if it
    were skipped, fused SGD would keep momentum that nobody has written (torch 2.13).
    """
    return (getattr(optimizer, '_step_supports_amp_scaling', False)
            and all(parameter in optimizer.state for parameter in parameters))


@contextmanager
def skip_step_if(condition: Tensor, optimizer: Optimizer) -> Iterator[None]:
    """Skip the steps made within if a condition holds, a scalar on the parameters' device."""
    optimizer.grad_scale, optimizer.found_inf = None, condition.float()
    try:
        yield
    finally:
        del optimizer.grad_scale, optimizer.found_inf


def norms(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    """The Euclidean norm of each tensor, in few kernels."""
    return torch._foreach_norm(tensors)


def copy_all(targets: Sequence[Tensor], sources: Sequence[Tensor]) -> None:
    """Copy tensors into others, in few kernels."""
    if targets:
        torch._foreach_copy_(targets, sources)


def accumulative_counts(optim_wrapper) -> int:
    """Batches whose gradients a wrapper of mmengine adds up for a step."""
    return getattr(optim_wrapper, '_accumulative_counts', 1)
