"""Safe loading of checkpoints, on every way on which mmengine loads one.

``torch.load`` builds nothing but tensors and plain containers unless told
otherwise. mmengine's checkpoints also hold the history of the losses, an
object of mmengine's that holds NumPy arrays. Stand-ins for these classes
(:mod:`saved_history`, :mod:`saved_arrays`) are enough to load them. A file
that needs more is refused, unless the user trusts it (:mod:`trust`).
"""
import os
import pickle
import re
import warnings
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

import torch
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.utils import digit_version

from fcos_mm.checkpoints.plain import ForbiddenContent, check_plain
from fcos_mm.checkpoints.saved_arrays import NUMPY_NAMES
from fcos_mm.checkpoints.saved_history import HISTORY_NAMES
from fcos_mm.checkpoints.trust import checkpoints_are_trusted
from fcos_mm.checkpoints.weights import load_state_dict_with, unwrapped
from fcos_mm.errors import UserError

# Older versions cannot be told stand-ins, and can be made to run code.
OLDEST_SAFE_TORCH = '2.6.0'

# What torch.load says about files that it does not look into.
_KINDS = re.compile(r'TorchScript(?= archives)|legacy \.tar(?= format)')
# What it says about files that do not only name what is forbidden.
_TRICKS = re.compile(r'unrecognized function|Can only (build|create|SETITEM|append|extend)|'
                     'persistent_load')

TRUST_HINT = 'If you trust who made it, add --trust-checkpoint: code in it will run.'


def secure_checkpoints() -> None:
    """Let all of mmengine's ways to load a checkpoint be safe ones.

    onedl-mmengine loads a file without restriction when the safe way fails,
    and both lines what comes from an address, at once.
    """
    if _torch_is_safe():
        torch.serialization.add_safe_globals(
            [(stand_in, name) for name, stand_in in {**NUMPY_NAMES, **HISTORY_NAMES}.items()])
    mmengine_checkpoint.CheckpointLoader.register_scheme('', load_from_local, force=True)
    mmengine_checkpoint.load_url = load_from_address
    mmengine_checkpoint._safe_torch_load = load_file
    mmengine_checkpoint.load_state_dict = load_state_dict_with(
        mmengine_checkpoint.load_state_dict)


def load_from_local(filename: str, map_location: str | torch.device | None) -> Any:
    """Load a checkpoint file.

    Args:
        filename: Path, which may start with ``~``.
        map_location: As for ``torch.load``.

    Raises:
        UserError: The file is missing, damaged, or holds other objects.
    """
    path = os.path.expanduser(filename)
    if not os.path.isfile(path):
        raise UserError(f'There is no checkpoint {path}. Check the path; checkpoints are '
                        'written to the work directory of a training.')
    return load_file(path, map_location)


def load_file(file: str | BinaryIO, map_location: str | torch.device | None = None) -> Any:
    """Load a checkpoint from a file, or what is open for reading.

    Args:
        file: Path, or a binary file.
        map_location: As for ``torch.load``.

    Raises:
        UserError: It is damaged, or holds other objects.
    """
    if isinstance(file, str):
        return _load(file, partial(_load_whole, file, map_location=map_location))
    return _load('The checkpoint', partial(torch.load, file, map_location=map_location))


def load_from_address(url: str, *, map_location: str | torch.device | None = None,
                      **settings) -> Any:
    """Download a checkpoint, if it is not there yet, and load it.

    Args:
        url: Its address.
        map_location: As for ``torch.load``.
        **settings: Those of ``torch.hub.load_state_dict_from_url``.

    Raises:
        UserError: It cannot be had, is damaged, or holds other objects.
    """
    return _load(url, partial(torch.hub.load_state_dict_from_url, url, map_location=map_location,
                              **settings))


def _load(name: str, read: Callable) -> Any:
    """Load a checkpoint.

    Args:
        name: Its path or address.
        read: Reads it, with or without ``weights_only``.
    """
    trusted = checkpoints_are_trusted()
    if not trusted and not _torch_is_safe():
        raise UserError(f'PyTorch {torch.__version__} cannot load {name} safely: install '
                        f'{OLDEST_SAFE_TORCH} or newer. {TRUST_HINT}')
    try:
        return unwrapped(_read_safely(read))
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # a file can be wrong in any way
        if not trusted:
            raise UserError(_complaint(name, error)) from error
    try:
        loaded = read(weights_only=False)
    except Exception as error:
        raise UserError(_complaint(name, error)) from error
    warnings.warn(f'{name} was loaded with all that is in it (--trust-checkpoint).', stacklevel=2)
    return unwrapped(loaded)


def _load_whole(path: str, **settings) -> Any:
    """Load a file in which nothing has changed: torch does not look at its checksums."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            changed = archive.testzip()
        if changed is not None:
            raise pickle.UnpicklingError(f'{changed} in it has changed')
    return torch.load(path, **settings)


def _read_safely(read: Callable) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'Detected pickle protocol')
        loaded = read(weights_only=True)
    check_plain(loaded)
    meta = loaded.get('meta') if isinstance(loaded, dict) else None
    if isinstance(meta, dict):
        # mmdet 2 wrote a config here, which mmengine runs as Python to resume.
        meta.pop('config', None)
    return loaded


def _complaint(name: str, error: Exception) -> str:
    """What to tell the user, from what ``torch.load`` says."""
    text = str(error)
    forbidden = re.search(r'GLOBAL (\S+)', text)
    if forbidden:
        return (f'{name} holds {forbidden[1]}, which is not a weight and could run code. '
                f'{TRUST_HINT}')
    kind = _KINDS.search(text)
    if kind:
        return (f'{name} is in {kind[0]} format, which could run code. Save its weights with '
                f'torch.save(model.state_dict(), FILE). {TRUST_HINT}')
    reason = _reason(error)
    if '://' in name and not isinstance(error, pickle.UnpicklingError):
        return (f'Checkpoint {name} cannot be loaded: {reason}\n'
                'Check the address and the network, or give a file.')
    for cause in (error, error.__context__):
        if isinstance(cause, ForbiddenContent) or _TRICKS.search(str(cause)):
            return f'{name} does what no checkpoint needs: {reason}. {TRUST_HINT}'
    return f'{name} is damaged or not a checkpoint: copy or download it again. ({reason})'


def _reason(error: Exception) -> str:
    """The one line in a long text that says what is wrong."""
    text = str(error).rpartition('WeightsUnpickler error:')[2].strip()
    return text.split('\n')[0].split('. ')[0] or type(error).__name__


def _torch_is_safe() -> bool:
    return digit_version(torch.__version__) >= digit_version(OLDEST_SAFE_TORCH)
