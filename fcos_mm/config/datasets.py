"""The datasets of a config, found through all wrappers."""
from collections.abc import Iterator

from mmengine.config import Config

from fcos_mm.errors import UserError, shorten

#: The data loaders that are built, by mode.
LOADERS = {'train': ('train_dataloader', 'val_dataloader'), 'test': ('test_dataloader', )}


def walk_datasets(dataset: dict, key: str, wrappers: tuple[dict, ...] = ()) -> Iterator[tuple]:
    """Key, config and outer wrappers of a dataset and all that it wraps, the outer ones first.

    Raises:
        UserError: If datasets are given as a list without a wrapper.
    """
    if isinstance(dataset, (list, tuple)):
        raise UserError(several_datasets(key))
    if not isinstance(dataset, dict):  # built in Python
        return
    yield key, dataset, wrappers
    wrappers += (dataset, )
    if 'dataset' in dataset:
        yield from walk_datasets(dataset['dataset'], f'{key}.dataset', wrappers)
    elif 'datasets' in dataset:
        if not isinstance(dataset['datasets'], (list, tuple)) or not dataset['datasets']:
            raise UserError(f"{key}.datasets is {shorten(dataset['datasets'])}, not a list of "
                            'datasets.\nWrite datasets=[dict(...), dict(...)].')
        for index, part in enumerate(dataset['datasets']):
            yield from walk_datasets(part, f'{key}.datasets.{index}', wrappers)


def several_datasets(key: str) -> str:
    """What to say of a list in the place of a dataset."""
    return (f'{key} is a list: a loader has one dataset.\n'
            f"Unite them: {key}=dict(type='ConcatDataset', datasets=[...]).")


def leaf_datasets(dataset: dict, key: str) -> Iterator[tuple[str, dict]]:
    """The key and config of each dataset that is no wrapper; see :func:`walk_datasets`."""
    for name, part, _ in walk_datasets(dataset, key):
        if 'dataset' not in part and 'datasets' not in part:
            yield name, part


def datasets_of(cfg: Config) -> Iterator[dict]:
    """The datasets of all data loaders of a config, without their wrappers."""
    for name in (*LOADERS['train'], *LOADERS['test']):
        key = f'{name}.dataset'
        yield from (part for _, part in leaf_datasets((cfg.get(name) or {}).get('dataset'), key))


def first_dataset(loader: dict | None) -> dict:
    """The config of the first dataset of a data loader, inside all wrappers; empty if none."""
    return next((leaf for _, leaf in leaf_datasets((loader or {}).get('dataset'), 'dataset')), {})
