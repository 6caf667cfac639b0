"""Modules inside wrappers, and modules that were compiled in place."""
import contextlib
from collections.abc import Iterator, Sequence

from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn


def inner_model(model: nn.Module, *, tta: bool = True) -> nn.Module:
    """The model inside wrappers for several processes, and those for test-time augmentation."""
    while is_model_wrapper(model) or tta and isinstance(model, BaseTTAModel):
        model = model.module
    return model


@contextlib.contextmanager
def eager(parts: Sequence[nn.Module]) -> Iterator[None]:
    """Run modules that were compiled in place without compilation."""
    compiled = [part._compiled_call_impl for part in parts]
    for part in parts:
        part._compiled_call_impl = None
    try:
        yield
    finally:
        for part, call in zip(parts, compiled):
            part._compiled_call_impl = call
