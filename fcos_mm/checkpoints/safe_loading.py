"""Load checkpoints once per command, with weights_only and checksums, everywhere in mmengine.

``torch.load(weights_only=True)`` builds nothing but tensors and plain containers. mmengine's
checkpoints also hold NumPy arrays and the history of the losses: stand-ins for these classes
(:mod:`saved_objects`) load them. A file that needs more is refused, unless the user trusts it.
"""
import os
import pickle
import re
import warnings
import zipfile
from collections.abc import Callable, Hashable
from functools import partial
from types import ModuleType
from typing import Any, BinaryIO

import torch
from torch import nn

from fcos_mm.checkpoints.saved_objects import (
    HISTORY_NAMES,
    NUMPY_NAMES,
    ForbiddenContent,
    check_plain,
)
from fcos_mm.checkpoints.weights import fitted, unwrapped
from fcos_mm.compat.checkpoint_loading import (
    OLDEST_SAFE_TORCH,
    add_stand_ins,
    replace_loading,
    weights_only_is_safe,
)
from fcos_mm.compat.modules import inner_model
from fcos_mm.errors import UserError

# What torch.load says about files that it does not look into.
_KINDS = re.compile(r'TorchScript(?= archives)|legacy \.tar(?= format)')
# What it says about files that do more than name what is forbidden.
_TRICKS = re.compile(r'unrecognized function|Can only (build|create|SETITEM|append|extend)|'
                     'persistent_load')

TRUST_HINT = 'If you trust its source, add --trust-checkpoint: code in the file will run.'

#: Where the text of the config that mmdet 2 recorded is kept in ``meta``; nothing runs it.
MMDET_2_CONFIG = 'mmdet_2_config'

_trusted = False
_keeping = False  # whether read_checkpoint is loading
_kept: dict[Hashable, Any] = {}  # at most one checkpoint, on the CPU


class DamagedCheckpoint(UserError):
    """A file is cut short, changed, or no checkpoint."""


def trust_checkpoints(trusted: bool) -> None:
    """Set whether the user trusts the checkpoints that this process loads, and the code in them."""
    global _trusted
    _trusted = trusted


def checkpoints_are_trusted() -> bool:
    """The value that :func:`trust_checkpoints` set last; False at first."""
    return _trusted


def secure_checkpoints(mmengine_checkpoint: ModuleType) -> None:
    """Make ``mmengine.runner.checkpoint`` load safely, and fit the names in a file to the model."""
    replace_loading(mmengine_checkpoint, load_from_local=load_from_local,
                    load_url=load_from_address, load_file=load_file, fit=_fit)


def read_checkpoint(path: str) -> Any:
    """Load a checkpoint on the CPU, and keep it until mmengine loads it or another one is read.

    However often a command calls this, the file is read once. Do not change the result.

    Args:
        path: A file, or an address that mmengine can load.

    Raises:
        DamagedCheckpoint: If the file is cut short, changed, or no checkpoint.
        UserError: If it is missing or holds other objects.
    """
    # imported here: secure_checkpoints is called when this module has been imported
    from mmengine.runner.checkpoint import CheckpointLoader
    global _keeping
    _keeping = True
    try:
        return CheckpointLoader.load_checkpoint(path, map_location='cpu', logger='silent')
    finally:
        _keeping = False


def load_from_local(filename: str, map_location: str | torch.device | None) -> Any:
    """Load a checkpoint file; a kept one is on the CPU whatever the ``map_location``.

    Raises:
        UserError: If the file is missing, damaged, or holds other objects.
    """
    path = os.path.expanduser(filename)
    if not os.path.isfile(path):
        raise UserError(f'Checkpoint not found: {path}. Checkpoints are '
                        'written to the work dir of a training.')
    state = os.stat(path)
    key = (os.path.realpath(path), state.st_ino, state.st_mtime_ns, state.st_size)
    return _once(key, partial(load_file, path, map_location))


def load_file(file: str | BinaryIO, map_location: str | torch.device | None = None) -> Any:
    """Load a checkpoint from a path, or from what is open for reading.

    Raises:
        UserError: If it is damaged, or holds other objects.
    """
    if isinstance(file, str):
        return _load(file, partial(_load_checked, file, map_location=map_location))
    return _load('The checkpoint', partial(torch.load, file, map_location=map_location))


def load_from_address(url: str, *, map_location: str | torch.device | None = None,
                      **settings) -> Any:
    """Download a checkpoint, if it is not there yet, and load it; ``settings`` are torch.hub's.

    Raises:
        UserError: If it cannot be downloaded, is damaged, or holds other objects.
    """
    return _once(url, partial(_load, url, partial(
        torch.hub.load_state_dict_from_url, url, map_location=map_location, **settings)))


def _once(key: Hashable, load: Callable) -> Any:
    key = (key, _trusted)
    checkpoint = _kept.pop(key) if key in _kept else load()
    if _keeping:
        _kept.clear()
        _kept[key] = checkpoint
    return checkpoint


def _load(name: str, read: Callable) -> Any:
    if not _trusted and not weights_only_is_safe():
        raise UserError(f'PyTorch {torch.__version__} cannot load {name} safely: install '
                        f'{OLDEST_SAFE_TORCH} or newer. {TRUST_HINT}')
    try:
        return unwrapped(_read_safely(read))
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # a file can be wrong in any way
        if not _trusted:
            raise _complaint(name, error) from error
    try:
        loaded = read(weights_only=False)
    except Exception as error:
        raise _complaint(name, error) from error
    warnings.warn(f'{name} was loaded without restrictions (--trust-checkpoint).', stacklevel=2)
    return unwrapped(loaded)


def _load_checked(path: str, **settings) -> Any:
    """Load a file after a check of its checksums, which torch ignores."""
    with open(path, 'rb') as file:
        if zipfile.is_zipfile(file):
            changed = zipfile.ZipFile(file).testzip()
            if changed is not None:
                raise pickle.UnpicklingError(f'{changed} in it has changed')
        file.seek(0)
        return torch.load(file, **settings)


def _read_safely(read: Callable) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'Detected pickle protocol')
        loaded = read(weights_only=True)
    check_plain(loaded)
    meta = loaded.get('meta') if isinstance(loaded, dict) else None
    if isinstance(meta, dict):
        # mmdet 2 wrote a config here, which mmengine runs as Python to resume.
        text = meta.pop('config', None)
        if isinstance(text, str):
            meta[MMDET_2_CONFIG] = text
    return loaded


def _fit(module: nn.Module, weights: dict) -> dict:
    return fitted(weights, inner_model(module).state_dict())


def _complaint(name: str, error: Exception) -> UserError:
    text = str(error)
    forbidden = re.search(r'GLOBAL (\S+)', text)
    if forbidden:
        return UserError(f'{name} holds {forbidden[1]}, which is not a weight and could run code. '
                         f'{TRUST_HINT}')
    kind = _KINDS.search(text)
    if kind:
        return UserError(f'{name} is in {kind[0]} format, which could run code. Save its weights '
                         f'with torch.save(model.state_dict(), FILE). {TRUST_HINT}')
    reason = text.rpartition('WeightsUnpickler error:')[2].strip()
    reason = reason.split('\n')[0].split('. ')[0] or type(error).__name__
    if '://' in name and not isinstance(error, pickle.UnpicklingError):
        return UserError(f'Checkpoint {name} cannot be loaded: {reason}\n'
                         'Check the address and the network, or give a file.')
    for cause in (error, error.__context__):
        if isinstance(cause, ForbiddenContent) or _TRICKS.search(str(cause)):
            return UserError(f'{name} contains operations that no checkpoint needs: {reason}. '
                         f'{TRUST_HINT}')
    return DamagedCheckpoint(
        f'{name} is damaged or not a checkpoint: copy or download it again. ({reason})')


add_stand_ins({**NUMPY_NAMES, **HISTORY_NAMES})
