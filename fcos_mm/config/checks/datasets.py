"""The datasets inside a config: found through all wrappers, and whether their settings have a form
that can work."""
import os
import os.path as osp
from collections.abc import Iterator

from mmengine.config import Config

from fcos_mm.errors import UserError, shorten
from fcos_mm.faults import Faults
from fcos_mm.registry import DATASETS

#: The data loaders that are built, by mode.
LOADERS = {'train': ('train_dataloader', 'val_dataloader'), 'test': ('test_dataloader', )}

_LIBRARIES = ('fcos_mm', 'mmdet', 'mmengine')


def leaf_datasets(dataset: dict, key: str) -> Iterator[tuple[str, dict]]:
    """Find the datasets that load images.

    Args:
        dataset: The config of a dataset or wrapper.
        key: The dotted key under which it stands.

    Yields:
        The key and the config of each dataset that is no wrapper.

    Raises:
        UserError: If datasets are given as a list without a wrapper.
    """
    if isinstance(dataset, (list, tuple)):
        raise UserError(f'{key} is a list: a loader has one dataset.\nUnite them: {key}='
                        "dict(type='ConcatDataset', datasets=[...]).")
    if not isinstance(dataset, dict):  # built in Python
        return
    if 'dataset' in dataset:
        yield from leaf_datasets(dataset['dataset'], f'{key}.dataset')
    elif 'datasets' in dataset:
        if not isinstance(dataset['datasets'], (list, tuple)) or not dataset['datasets']:
            raise UserError(f"{key}.datasets is {shorten(dataset['datasets'])}, not a list of "
                            'datasets.\nWrite datasets=[dict(...), dict(...)].')
        for index, part in enumerate(dataset['datasets']):
            yield from leaf_datasets(part, f'{key}.datasets.{index}')
    else:
        yield key, dataset


def first_dataset(loader: dict | None) -> dict:
    """The config of the first dataset of a data loader, inside all wrappers.

    Args:
        loader: The config of a data loader.

    Returns:
        dict: The dataset's config; empty if there is none.
    """
    dataset = (loader or {}).get('dataset')
    return next((leaf for _, leaf in leaf_datasets(dataset, 'dataset')), {})


def check_datasets(cfg: Config, mode: str) -> None:
    """Check the form of what datasets are told, before mmdet takes it apart.

    Args:
        cfg: The config.
        mode: ``'train'`` or ``'test'``.

    Raises:
        UserError: If a setting has a form that no dataset of the libraries takes.
    """
    faults = Faults('the config')
    for loader in LOADERS[mode]:
        if not isinstance(cfg.get(loader), dict) or 'dataset' not in cfg[loader]:
            continue
        with faults.gather():
            for key, dataset in leaf_datasets(cfg[loader]['dataset'], f'{loader}.dataset'):
                with faults.gather():
                    _check_dataset(key, dataset)
    faults.raise_all()


def _check_dataset(key: str, dataset: dict) -> None:
    if not _of_libraries(dataset.get('type')):
        return
    _check_ann_file(key, dataset)
    prefix = dataset.get('data_prefix')
    if prefix is not None and not isinstance(prefix, dict):
        text = prefix if isinstance(prefix, str) else 'FOLDER/'
        raise UserError(f'{key}.data_prefix is {shorten(prefix)}, which does not say of what it is '
                        f'the folder.\nWrite {key}.data_prefix=dict(img={text!r}).')
    root = dataset.get('data_root')
    if root is not None and not isinstance(root, str):
        raise UserError(f'{key}.data_root is {shorten(root)}, not text.\nWrite the folder of the '
                        "data, as in 'data/pets/'.")
    for name, folder in (prefix or {}).items():
        if not isinstance(folder, str):
            raise UserError(f'{key}.data_prefix.{name} is {shorten(folder)}, not one folder as '
                            f'text.\nFor several folders use one dataset each: {_concat(key)}.')
    _check_backslashes(key, dataset)


def _check_ann_file(key: str, dataset: dict) -> None:
    ann_file = dataset.get('ann_file') or ''
    if isinstance(ann_file, (list, tuple)):
        raise UserError(f'{key}.ann_file is a list of {len(ann_file)}: a dataset reads one file.\n'
                        f'Use one dataset each: {_concat(key)}.')
    if not isinstance(ann_file, str):
        raise UserError(f'{key}.ann_file is {shorten(ann_file)}, not text.\n'
                        f"Write {key}.ann_file='annotations/train.json', or the like.")


def _check_backslashes(key: str, dataset: dict) -> None:
    r"""``\`` is an ordinary letter of a name here, unless such a name is there."""
    root = dataset.get('data_root') or ''
    paths = {'data_root': root, 'ann_file': osp.join(root, dataset.get('ann_file') or '')}
    paths.update((f'data_prefix.{name}', osp.join(root, folder))
                 for name, folder in (dataset.get('data_prefix') or {}).items())
    for name, path in paths.items():
        if '\\' in path and '://' not in path and os.sep == '/' and not osp.exists(path):
            name = 'data_root' if '\\' in root else name
            value = root if '\\' in root else path[len(osp.join(root, '')) if root else 0:]
            raise UserError(f'{key}.{name} is {value!r}: backslashes do not divide folders on '
                            f"this system.\nWrite {key}.{name}={_with_slashes(value)!r}.")


def _with_slashes(path: str) -> str:
    return path.replace('\\', '/')


def _concat(key: str) -> str:
    loader = key.partition('.datasets.')[0]
    return f"{loader}=dict(type='ConcatDataset', datasets=[dict(...), dict(...)])"


def _of_libraries(name) -> bool:
    found = DATASETS.get(name) if isinstance(name, str) else name
    return isinstance(found, type) and found.__module__.split('.')[0] in _LIBRARIES
