"""The weights and the rest of a file of any source, without what trainers wrap them in."""
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from fcos_mm.checkpoints.safe_loading import read_checkpoint
from fcos_mm.checkpoints.safe_pickle import load_plain_pickle
from fcos_mm.checkpoints.weights import STATE_DICT, unwrapped
from fcos_mm.errors import UserError

_PICKLES = ('.pkl', '.pickle')  # detectron2's model zoo
# What parallel, averaged, compiled and Lightning models put before every name.
_WRAPPERS = ('module.', '_orig_mod.', 'ema_model.', 'model.', 'detector.')
_COUNTERS = ('steps', 'n_averaged')  # of averaged models, beside their weights
_AVERAGE = 'ema_'  # mmdet 2 stores what it does not use at the end of a training so


class Contents(NamedTuple):
    """What a checkpoint holds.

    Attributes:
        weights: By name, without wrapper prefixes.
        extra: Everything else in the file: ``{'meta': ...}``.
    """
    weights: dict[str, Tensor]
    extra: dict


def read_contents(path: str) -> Contents:
    """Read a checkpoint of any source on the CPU, running nothing in it.

    Args:
        path: A file of ``torch.save``, or a pickle of arrays (``.pkl``).

    Raises:
        UserError: If it is missing, damaged, could run code, or holds no weights.
    """
    loaded = _read(path)
    if not isinstance(loaded, dict):
        raise UserError(f'{path} holds no weights by name, but a {type(loaded).__name__}.\n'
                        'Give a checkpoint: a file with the state dict of a detector.')
    weights = loaded.get(STATE_DICT, loaded)
    weights = {str(name): value for name, value in weights.items() if isinstance(value, Tensor)}
    if not weights:
        raise UserError(f'{path} contains no weights.\nGive a checkpoint: a file with the state '
                        'dict of a detector.')
    extra = {name: value for name, value in loaded.items()
             if not isinstance(value, Tensor) and name != STATE_DICT}
    return Contents(_plain(weights), extra)


def _read(path: str) -> Any:
    if path.lower().endswith(_PICKLES):
        return unwrapped(_with_tensors(load_plain_pickle(path)))
    return read_checkpoint(path)


def _with_tensors(value: Any) -> Any:
    """A copy of dicts in which numerical arrays are tensors."""
    if isinstance(value, Mapping):
        return {key: _with_tensors(item) for key, item in value.items()}
    if isinstance(value, np.ndarray) and value.dtype.kind in 'biuf':
        return torch.from_numpy(np.array(value))
    return value


def _plain(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Remove wrapper prefixes, and what an average adds."""
    weights = {name: value for name, value in weights.items() if name not in _COUNTERS}
    if any(not name.startswith(_AVERAGE) for name in weights):
        weights = {name: value for name, value in weights.items()
                   if not name.startswith(_AVERAGE)}
    while prefix := next((one for one in _WRAPPERS
                          if all(name.startswith(one) for name in weights)), None):
        weights = {name.removeprefix(prefix): value for name, value in weights.items()
                   if name.removeprefix(prefix) not in _COUNTERS}
    return weights
