"""Private and version-dependent parts of torch and mmengine that read checkpoints."""
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import torch
from mmengine.utils import digit_version
from torch import Tensor

# Older versions accept no stand-ins for classes, and their weights_only can be made to run code.
OLDEST_SAFE_TORCH = '2.6.0'


def weights_only_is_safe() -> bool:
    """Whether ``torch.load(weights_only=True)`` is as safe as its name says."""
    return digit_version(torch.__version__) >= digit_version(OLDEST_SAFE_TORCH)


def add_stand_ins(stand_ins: Mapping[str, Any]) -> None:
    """Let ``weights_only=True`` build stand-ins for the classes of these full names."""
    if weights_only_is_safe():
        torch.serialization.add_safe_globals(
            [(stand_in, name) for name, stand_in in stand_ins.items()])


def replace_loading(checkpoint: ModuleType, *, load_from_local: Callable, load_url: Callable,
                    load_file: Callable, fit: Callable) -> None:
    """Replace all the ways in which ``mmengine.runner.checkpoint`` loads a checkpoint.

    onedl-mmengine loads a file without restriction when the safe way fails; both package lines
    do so at once with what comes from an address.

    Args:
        load_from_local: Of a path and a ``map_location``.
        load_url: As ``torch.hub.load_state_dict_from_url``.
        load_file: As ``torch.load``.
        fit: Of a module and a state dict; returns the state dict to load into it.
    """
    load_state_dict = checkpoint.load_state_dict

    def load_fitted(module: torch.nn.Module, state_dict, strict: bool = False, logger=None) -> None:
        load_state_dict(module, fit(module, state_dict), strict, logger)

    checkpoint.CheckpointLoader.register_scheme('', load_from_local, force=True)
    checkpoint.load_url = load_url
    checkpoint._safe_torch_load = load_file
    checkpoint.load_state_dict = load_fitted


def without_prefix(weights: Mapping[str, Any], prefix: str) -> OrderedDict:
    """The entries of a state dict behind a prefix, with the versions of their modules."""
    stripped = OrderedDict((name.removeprefix(prefix), value) for name, value in weights.items()
                           if name.startswith(prefix))
    stripped._metadata = OrderedDict((name.removeprefix(prefix), value) for name, value in getattr(
        weights, '_metadata', {}).items())
    return stripped


def rebuild_tensor(storage: torch.storage.TypedStorage, offset: int, size: tuple,
                   stride: tuple) -> Tensor:
    """A tensor over a storage, as torch's own unpickling makes it."""
    return torch._utils._rebuild_tensor(storage, offset, size, stride)
