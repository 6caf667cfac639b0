"""Addresses of weights that need a package which is not installed."""
import importlib.util
from collections.abc import Iterator

from mmengine.config import Config

from fcos_mm.errors import UserError

#: Package by the beginning of an address.
_NEEDS = {'torchvision://': 'torchvision', 'modelzoo://': 'torchvision'}


def check_weights(cfg: Config, mode: str) -> None:
    """Make sure that mmengine can resolve the addresses of the weights to start from.

    Args:
        cfg: The config.
        mode: ``'train'`` or ``'test'``: only a training starts from them.

    Raises:
        UserError: If an address needs a package that is not installed.
    """
    if mode != 'train':
        return
    for key, address in _addresses(cfg.get('model'), 'model'):
        for scheme, package in _NEEDS.items():
            if address.startswith(scheme) and importlib.util.find_spec(package) is None:
                raise UserError(
                    f'{key} is {address!r}, which only {package} can resolve, and it is not '
                    f'installed.\nInstall it, pip install {package}, or give the plain address or '
                    'a file of the weights.')


def _addresses(part, key: str) -> Iterator[tuple[str, str]]:
    """All texts in a part of the config with their dotted keys."""
    if isinstance(part, str):
        yield key, part
    elif isinstance(part, (list, tuple)):
        for index, item in enumerate(part):
            yield from _addresses(item, f'{key}.{index}')
    elif isinstance(part, dict):
        for name, item in part.items():
            yield from _addresses(item, f'{key}.{name}')
