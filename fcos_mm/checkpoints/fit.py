"""Checkpoints are looked at before they are used.

mmengine loads what fits and warns about the rest, so a checkpoint of another
model would be tested with random weights.
"""
import re

import torch
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn

from fcos_mm.checkpoints.weights import fitted
from fcos_mm.errors import UserError

_SHOWN = 5


def read_state_dict(path: str) -> dict[str, Tensor]:
    """Read the weights in a checkpoint.

    Args:
        path: A file, or an address that mmengine can load.

    Returns:
        Names and tensors, on the CPU; the prefix of a wrapped model removed.

    Raises:
        UserError: If the file is missing or not a checkpoint.
    """
    try:
        checkpoint = CheckpointLoader.load_checkpoint(
            path, map_location='cpu', logger='silent')
    except UserError:
        raise
    except Exception as error:  # of the network, the address, the format
        raise UserError(
            f'Checkpoint {path} cannot be loaded: {_first_line(error)}\n'
            'Give a .pth file written by tools/train.py.') from error
    weights = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, dict) else {}
    weights = weights if isinstance(weights, dict) else {}
    weights = {re.sub(r'^module\.', '', str(name)): value
               for name, value in weights.items() if isinstance(value, Tensor)}
    if not weights:
        raise UserError(f'{path} holds no weights.\nGive a .pth file written by tools/train.py.')
    _check_meta(path, checkpoint)
    return weights


def check_checkpoint(path: str, model: nn.Module) -> None:
    """Make sure that a checkpoint sets every weight of the model.

    Args:
        path: The checkpoint.
        model: The model, wrapped or not.

    Raises:
        UserError: If it cannot be read, or a weight is missing, of another
            shape, or not a finite number. The message shows the first of them.
    """
    while hasattr(model, 'module'):  # distributed, or test-time augmentation
        model = model.module
    wanted = model.state_dict()
    found = fitted(read_state_dict(path), wanted)
    # counted since PyTorch 0.4.1; older checkpoints do not have it
    faults = [(name, tuple(value.shape), _shape(found.get(name)))
              for name, value in wanted.items() if not name.endswith('num_batches_tracked')]
    faults = [fault for fault in faults if fault[1] != fault[2]]
    if faults:
        raise UserError(_describe(path, faults, len(wanted)))
    broken = [name for name in wanted if name in found and not _is_finite(found[name])]
    if broken:
        raise UserError(f'Checkpoint {path}: {len(broken)} of {len(wanted)} entries hold NaN or '
                        f'infinity or no numbers, the first is {broken[0]}. The training had '
                        'diverged, or the file is damaged: use an earlier checkpoint.')


def _shape(value: Tensor | None) -> tuple[int, ...] | None:
    return None if value is None else tuple(value.shape)


def _is_finite(value: Tensor) -> bool:
    plain = value.layout == torch.strided and not value.is_meta and not value.is_quantized
    return plain and not value.is_complex() and bool(value.isfinite().all())


def _check_meta(path: str, checkpoint: dict) -> None:
    """What else is read from a checkpoint must be what it should be."""
    meta = checkpoint.get('meta', {})
    dataset = meta.get('dataset_meta', {}) if isinstance(meta, dict) else None
    classes = dataset.get('classes', ()) if isinstance(dataset, dict) else None
    if not isinstance(classes, (list, tuple)) or not all(
            isinstance(name, str) for name in [*classes, *dataset]):
        raise UserError(f"{path}: its 'meta' is not that of a training.\n"
                        'Give a .pth file written by tools/train.py.')


def _describe(path: str, faults: list, total: int) -> str:
    lines = [f'Checkpoint {path} does not fit the model: {len(faults)} of {total} entries differ.']
    for name, wanted, found in faults[:_SHOWN]:
        lines.append(f'  {name}: the model has {wanted}, the checkpoint '
                     f'{found if found is not None else "nothing of this name"}')
    if len(faults) > _SHOWN:
        lines.append('  ...')
    lines.append('Use the config the checkpoint was trained with.')
    classes = [fault for fault in faults if 'conv_cls' in fault[0] and fault[2]]
    if classes and classes[0][1][1:] == classes[0][2][1:]:
        lines.append(f'It was trained for {classes[0][2][0]} classes and the config says '
                     f'{classes[0][1][0]}: see num_classes of the head.')
    return '\n'.join(lines)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
