"""Settings of data loaders that exclude each other, or that no loader can work with."""
import numbers
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

from fcos_mm.config.checks import lookup
from fcos_mm.config.checks.parts import loaders, value_at
from fcos_mm.config.checks.signatures import accepted_arguments
from fcos_mm.errors import shorten
from fcos_mm.faults import Faults


def check_dataloaders(cfg: Config, mode: str) -> None:
    """Check batch size, workers, sampler and batch sampler of the loaders.

    Args:
        cfg: The config.
        mode: ``'train'`` or ``'test'``.

    Raises:
        UserError: If a loader cannot be built from its settings.
    """
    faults = Faults('the config')
    scope = cfg.get('default_scope') or 'mmengine'
    for name, loader in loaders(cfg, mode):
        faults.messages += _counts(name, loader)
        faults.messages += _parts_missing(name, loader)
        faults.messages += _samplers(name, loader, scope)
    faults.raise_all()


def _counts(name: str, loader: dict) -> Iterator[str]:
    for key, least in (('batch_size', 1), ('num_workers', 0)):
        value = loader.get(key)
        if value is None:
            continue
        if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < least:
            yield f'{name}.{key}={shorten(value)}: it must be a whole number of {least} or more.'


def _parts_missing(name: str, loader: dict) -> Iterator[str]:
    if 'dataset' not in loader:
        yield f'{name} has no dataset.'
    if 'sampler' not in loader:
        shuffle = bool(loader.get('shuffle', name == 'train_dataloader'))
        instead = ' instead of shuffle' if 'shuffle' in loader else ''
        yield (f'{name} has no sampler: set {name}.sampler=dict(type="DefaultSampler", '
               f'shuffle={shuffle}){instead}.')
    elif loader.get('shuffle'):
        yield (f'{name}.shuffle={loader["shuffle"]}: the sampler decides on the order. Set '
               f'{name}.sampler.shuffle, and leave {name}.shuffle out.')


def _samplers(name: str, loader: dict, scope: str) -> Iterator[str]:
    batch_sampler = loader.get('batch_sampler')
    sampler_type = value_at(loader, 'sampler.type')
    arguments = _arguments(sampler_type, scope)
    if arguments is not None and 'dataset' not in arguments:
        yield _wrong_role(f'{name}.sampler', sampler_type, arguments)
    if not isinstance(batch_sampler, dict):
        return
    arguments = _arguments(batch_sampler.get('type'), scope)
    if arguments is not None and not {'sampler', 'batch_size'} <= arguments:
        yield _wrong_role(f'{name}.batch_sampler', batch_sampler.get('type'), arguments)
    elif loader.get('drop_last'):
        yield (f'{name}.drop_last={loader["drop_last"]}: the batch sampler decides on that. Set '
               f'{name}.batch_sampler.drop_last, and leave {name}.drop_last out.')
    if 'batch_size' not in loader and 'batch_size' not in batch_sampler:
        yield f'{name} has a batch_sampler, but no batch_size.'


def _arguments(name: Any, scope: str) -> set[str] | None:
    """The arguments of a sampler; None if they are not known."""
    found = lookup.find(name, scope, 'DATA_SAMPLERS') if name is not None else []
    return accepted_arguments(found[0]) if len(found) == 1 else None


def _wrong_role(key: str, name: Any, arguments: set[str]) -> str:
    if key.endswith('.sampler'):
        other = f'{key[:-len(".sampler")]}.batch_sampler'
        return (f'{key}.type: {str(name)!r} makes no order of a dataset'
                + (f', but batches: write it under {other}, and a sampler here.'
                   if 'batch_size' in arguments else '.'))
    return (f'{key}.type: {str(name)!r} does not make batches. Write it under '
            f'{key[:-len(".batch_sampler")]}.sampler, and batch_sampler=None or '
            'dict(type="AspectRatioBatchSampler").')
