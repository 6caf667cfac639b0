"""Checks of what a command line names, before anything is loaded."""
import os.path as osp

import torch

from fcos_mm.errors import UserError
from fcos_mm.runtime.sessions import RUNTIMES

_ENDINGS = {
    'config': ('.py', '.yml', '.yaml'),
    'checkpoint': ('.pth', '.pt', '.ckpt', '.bin', '.safetensors'),
    'predictions': ('.pkl', '.pickle'),
    'exported model': tuple(RUNTIMES),
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
        kind = ending_kind(path) or place
        if kind != place and (kind in named or place not in _ENDINGS):
            raise UserError(f'{path} is given as the {place}, but looks like a {kind}.\n'
                            f'The order is {order}.')


def ending_kind(path: str) -> str | None:
    """What a path ends like: a kind of file, such as ``'config'`` or ``'checkpoint'``, or None."""
    ending = osp.splitext(path)[1].lower()
    return next((kind for kind, endings in _ENDINGS.items() if ending in endings), None)


def check_device(name: str | None) -> None:
    """Make sure that this machine has a device of torch; None is the best one available.

    Raises:
        UserError: If there is no such device; the message names those there are.
    """
    available = available_devices()
    if name is not None and name not in {*available, *(one.split(':')[0] for one in available)}:
        reason = '' if len(available) > 1 else ' (torch sees no GPU)'
        raise UserError(f'--device {name}: there is no such device{reason}.\n'
                        f'This machine has {", ".join(available)}.')


def available_devices() -> list[str]:
    """Names of the devices of this machine for torch."""
    module, kind = torch.cuda, 'cuda'
    if hasattr(torch, 'accelerator') and torch.accelerator.is_available():
        module, kind = torch.accelerator, torch.accelerator.current_accelerator().type
    return ['cpu', *(f'{kind}:{index}' for index in range(module.device_count()))]
