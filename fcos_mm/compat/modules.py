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


def keep_out_of_state_dict(module: nn.Module, name: str) -> None:
    """Leave a part of a module out of its state dict, whoever asks for it."""

    def leave_out(module: nn.Module, state_dict: dict, prefix: str, metadata: dict) -> None:
        for key in [key for key in state_dict if key.startswith(f'{prefix}{name}.')]:
            del state_dict[key]

    module._register_state_dict_hook(leave_out)  # register_state_dict_post_hook from torch 2.5 on


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
