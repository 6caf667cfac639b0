"""Safe loading of checkpoints.

``torch.load`` builds nothing but tensors and plain containers unless told
otherwise. mmengine's checkpoints also hold the history of the losses, an
object of mmengine's that holds NumPy arrays. Naming these classes as safe is
enough to load them; nothing else in a file can run code.
"""
import os
import pickle
import re
from collections.abc import Callable

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from mmengine.utils import digit_version

from fcos_mm.errors import UserError

STATISTICS = ('min', 'max', 'current', 'mean')
ARRAY_TYPES = ('bool', 'int32', 'int64', 'uint8', 'uint32', 'float32', 'float64')


def allow_checkpoint_classes() -> None:
    """Let ``torch.load`` build what mmengine puts in its checkpoints.

    Versions of torch before 2.6 do not restrict loading and are left alone.
    """
    if digit_version(torch.__version__) < digit_version('2.6.0'):
        return
    core = np._core if hasattr(np, '_core') else np.core
    torch.serialization.add_safe_globals([
        HistoryBuffer, np.ndarray, np.dtype,
        *(type(np.dtype(name)) for name in ARRAY_TYPES),
        (_history_method, 'builtins.getattr'),
        # as NumPy 2 and NumPy 1 call them in the files they write
        *((function, f'numpy.{module}.multiarray.{function.__name__}')
          for function in (core.multiarray._reconstruct, core.multiarray.scalar)
          for module in ('_core', 'core'))
    ])
    CheckpointLoader.register_scheme('', load_from_local, force=True)


def load_from_local(filename: str, map_location: str | torch.device | None) -> dict:
    """Load a checkpoint file; mmengine's loader without its unsafe second try.

    Args:
        filename: path, which may start with ``~``.
        map_location: as for ``torch.load``.

    Raises:
        UserError: the file is missing, damaged, or holds other objects.
    """
    path = os.path.expanduser(filename)
    if not os.path.isfile(path):
        raise UserError(f'There is no checkpoint {path}. Check the path; checkpoints are '
                        'written to the work directory of a training.')
    try:
        return torch.load(path, map_location=map_location)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise UserError(_complaint(path, str(error))) from error


def _complaint(path: str, error: str) -> str:
    """What to tell the user, from what ``torch.load`` says."""
    forbidden = re.search(r'GLOBAL (\S+)', error)
    if forbidden:
        return (f'{path} holds {forbidden[1]}, which is not a weight and could run code. If you '
                'trust where the file comes from, set TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 and try '
                'again.')
    reason = error.split('\n')[0].split('. ')[0]
    return f'{path} is damaged or not a checkpoint: copy or download it again. ({reason})'


def _history_method(owner: type, name: str) -> Callable:
    """What ``getattr`` does in a checkpoint: find a statistic of the history."""
    if owner is not HistoryBuffer or name not in STATISTICS:
        raise pickle.UnpicklingError(f'getattr({owner!r}, {name!r}) is not allowed')
    return getattr(owner, name)
