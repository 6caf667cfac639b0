"""What a command line names is looked at before anything is loaded."""
import os.path as osp

import torch

from fcos_mm.errors import UserError

_KINDS = {
    'config': ('.py', '.yml', '.yaml'),
    'checkpoint': ('.pth', '.pt', '.ckpt', '.bin', '.safetensors'),
    'predictions': ('.pkl', '.pickle'),
}


def check_order(**named: str) -> None:
    """Make sure that nothing is given in the place of something else.

    Args:
        **named: What stands in each place of the command line, in its order:
            ``config='a.py', checkpoint='b.pth'``.

    Raises:
        UserError: If an ending is that of another of the places' kinds.
    """
    order = ' '.join(place.upper() for place in named)
    for place, path in named.items():
        ending = osp.splitext(path)[1].lower()
        kind = next((kind for kind, endings in _KINDS.items() if ending in endings), None)
        if kind is not None and kind != place and (kind in named or place not in _KINDS):
            raise UserError(f'{path} is given as the {place} and ends like a {kind}.\n'
                            f'The order is {order}.')


def check_score_threshold(value: float) -> None:
    """Make sure that scores can reach a threshold and fall below it.

    Args:
        value: The threshold.

    Raises:
        UserError: If it does not lie from 0 to 1.
    """
    if not 0 <= value <= 1:
        meant = f' Did you mean {value / 100:g}?' if 2 <= value <= 100 else ''
        raise UserError(f'--score-thr {value:g}: scores lie between 0 and 1.{meant}')


def check_device(name: str | None) -> None:
    """Make sure that a device is there.

    Args:
        name: Its name for torch; None for the best there is.

    Raises:
        UserError: If there is no such device; the message names those there are.
    """
    if name is None:
        return
    there = available_devices()
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is not None and not _can_be_used(device):
        device = None
    if device is None:
        reason = '' if len(there) > 1 else ' (torch sees no GPU)'
        raise UserError(f'--device {name}: there is no such device{reason}.\n'
                        f'This machine has {", ".join(there)}.')


def available_devices() -> list:
    """Names of the devices of this machine for torch."""
    accelerator = torch.accelerator.current_accelerator() if hasattr(torch, 'accelerator') else None
    if accelerator is not None and torch.accelerator.is_available():
        return ['cpu', *(f'{accelerator.type}:{index}'
                         for index in range(torch.accelerator.device_count()))]
    return ['cpu', *(f'cuda:{index}' for index in range(torch.cuda.device_count()))]


def _can_be_used(device: torch.device) -> bool:
    there = available_devices()
    return device.type == 'cpu' or any(
        name.split(':')[0] == device.type and device.index in (None, int(name.split(':')[1]))
        for name in there[1:])
