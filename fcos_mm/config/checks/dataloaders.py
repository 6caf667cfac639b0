"""Check the settings of data loaders and of their datasets."""
import numbers
import os
import os.path as osp
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

from fcos_mm.config.checks import lookup
from fcos_mm.config.checks.parts import loaders
from fcos_mm.config.checks.signatures import accepted_arguments
from fcos_mm.config.datasets import leaf_datasets
from fcos_mm.config.keys import is_number, value_at
from fcos_mm.errors import shorten
from fcos_mm.faults import Faults
from fcos_mm.registry import DATA_SAMPLERS, DATASETS


def dataset_faults(cfg: Config, mode: str) -> list[str]:
    """Find settings of datasets whose form no dataset of the libraries takes."""
    faults = Faults()
    for loader, settings in loaders(cfg, mode):
        with faults.gather():
            for key, dataset in leaf_datasets(settings.get('dataset'), f'{loader}.dataset'):
                kinds = lookup.find(dataset.get('type'), 'fcos_mm', DATASETS)
                if kinds and lookup.is_of_library(kinds[0]):
                    fault = _wrong_form(key, dataset) or _backslashes(key, dataset)
                    faults.messages += [fault] if fault is not None else []
    return faults.messages


def _wrong_form(key: str, dataset: dict) -> str | None:
    ann_file, prefix, root = map(dataset.get, ('ann_file', 'data_prefix', 'data_root'))
    concat = (f"{key.partition('.datasets.')[0]}=dict(type='ConcatDataset', "
              'datasets=[dict(...), dict(...)])')
    if ann_file and isinstance(ann_file, (list, tuple)):
        return (f'{key}.ann_file is a list of {len(ann_file)}: a dataset reads one file.\n'
                f'Use one dataset each: {concat}.')
    if ann_file and not isinstance(ann_file, str):
        return (f'{key}.ann_file is {shorten(ann_file)}, not text.\n'
                f"Write {key}.ann_file='annotations/train.json', or the like.")
    if prefix is not None and not isinstance(prefix, dict):
        text = prefix if isinstance(prefix, str) else 'FOLDER/'
        return (f'{key}.data_prefix is {shorten(prefix)}, which does not say what the folder '
                f'holds.\nWrite {key}.data_prefix=dict(img={text!r}).')
    if root is not None and not isinstance(root, str):
        return (f'{key}.data_root is {shorten(root)}, not text.\nWrite the folder of the data, as '
                "in 'data/pets/'.")
    for name, folder in (prefix or {}).items():
        if not isinstance(folder, str):
            return (f'{key}.data_prefix.{name} is {shorten(folder)}, not one folder as text.\n'
                    f'For several folders use one dataset each: {concat}.')
    return None


def _backslashes(key: str, dataset: dict) -> str | None:
    r"""``\`` is an ordinary letter of a name here, unless such a name is there."""
    root = dataset.get('data_root') or ''
    paths = {'data_root': root, 'ann_file': osp.join(root, dataset.get('ann_file') or '')}
    paths.update((f'data_prefix.{name}', osp.join(root, folder))
                 for name, folder in (dataset.get('data_prefix') or {}).items())
    for name, path in paths.items():
        if '\\' in path and '://' not in path and os.sep == '/' and not osp.exists(path):
            name = 'data_root' if '\\' in root else name
            value = root if '\\' in root else path[len(osp.join(root, '')) if root else 0:]
            slashes = value.replace('\\', '/')
            return (f'{key}.{name} is {value!r}: backslashes do not divide folders on this '
                    f'system.\nWrite {key}.{name}={slashes!r}.')
    return None


def dataloader_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Check batch size, workers, sampler and batch sampler of the loaders."""
    for name, loader in loaders(cfg, mode):
        for key, least in (('batch_size', 1), ('num_workers', 0)):
            value = loader.get(key, least)
            if value is not None and not (is_number(value, numbers.Integral) and value >= least):
                yield (f'{name}.{key}={shorten(value)}: it must be a whole number of {least} or '
                       'more.')
        yield from _missing_parts(name, loader)
        yield from _samplers(name, loader, lookup.scope_of(cfg))


def _missing_parts(name: str, loader: dict) -> Iterator[str]:
    if 'dataset' not in loader:
        yield f'{name} has no dataset.'
    if 'sampler' not in loader:
        shuffle = bool(loader.get('shuffle', name == 'train_dataloader'))
        instead = ' instead of shuffle' if 'shuffle' in loader else ''
        yield (f'{name} has no sampler: set {name}.sampler=dict(type="DefaultSampler", '
               f'shuffle={shuffle}){instead}.')
    elif loader.get('shuffle'):
        yield (f'{name}.shuffle={loader["shuffle"]}: the sampler decides the order. Set '
               f'{name}.sampler.shuffle and remove {name}.shuffle.')


def _samplers(name: str, loader: dict, scope: str) -> Iterator[str]:
    kind, key = value_at(loader, 'sampler.type'), f'{name}.batch_sampler'
    arguments = _arguments(kind, scope)
    if arguments is not None and 'dataset' not in arguments:
        other = (f'; it makes batches: write it under {key}, and a sampler here.'
                 if 'batch_size' in arguments else '.')
        yield f'{name}.sampler.type: {str(kind)!r} does not order a dataset{other}'
    batch_sampler = loader.get('batch_sampler')
    if not isinstance(batch_sampler, dict):
        return
    kind = batch_sampler.get('type')
    arguments = _arguments(kind, scope)
    if arguments is not None and not {'sampler', 'batch_size'} <= arguments:
        yield (f'{key}.type: {str(kind)!r} does not make batches. Write it under {name}.sampler, '
               'and batch_sampler=None or dict(type="AspectRatioBatchSampler").')
    elif loader.get('drop_last'):
        yield (f'{name}.drop_last={loader["drop_last"]}: the batch sampler decides this. Set '
               f'{key}.drop_last and remove {name}.drop_last.')
    if 'batch_size' not in loader and 'batch_size' not in batch_sampler:
        yield f'{name} has a batch_sampler, but no batch_size.'


def _arguments(name: Any, scope: str) -> frozenset[str] | None:
    """The arguments of a sampler; None if they are not known."""
    found = lookup.find(name, scope, DATA_SAMPLERS) if name is not None else []
    return accepted_arguments(found[0]) if len(found) == 1 else None
