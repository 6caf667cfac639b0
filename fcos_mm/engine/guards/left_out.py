"""Steps that an optimizer leaves out on the device, so that the CPU need not look first."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor
from torch.optim import Optimizer


def leaves_out_by_itself(optimizer: Optimizer, parameters: Sequence[Tensor]) -> bool:
    """Whether the next step of an optimizer can be left out by :func:`leaving_out`.

    torch's fused optimizers can, as loss scaling needs it. Their first step is
    excepted: if it were left out, fused SGD would keep momentum that nobody
    has written (torch 2.13).

    Args:
        optimizer: An optimizer of torch or with its interface.
        parameters: What the step is about to change.
    """
    return (getattr(optimizer, '_step_supports_amp_scaling', False)
            and all(parameter in optimizer.state for parameter in parameters))


@contextmanager
def leaving_out(optimizer: Optimizer, condition: Tensor) -> Iterator[None]:
    """Let the steps made within do nothing if a condition holds, without reading it.

    Args:
        optimizer: One that :func:`leaves_out_by_itself`.
        condition: A scalar of bools, on the device of the parameters.
    """
    optimizer.grad_scale, optimizer.found_inf = None, condition.float()
    try:
        yield
    finally:
        del optimizer.grad_scale, optimizer.found_inf
