"""Moving the data of a config that has been read."""
from collections.abc import Iterator

from mmengine.config import Config

from fcos_mm.errors import UserError

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_PLACES = (*LOADERS, 'val_evaluator', 'test_evaluator')
_SEPARATORS = '/\\'


def set_data_root(cfg: Config, data_root: str, old: str | None = None) -> None:
    """Let every dataset and metric of a config read from another folder.

    While a config is read, ``data_root`` is copied to where it is used, so
    changing the variable afterwards moves nothing. This replaces the old
    folder wherever a path of the data starts with it.

    Args:
        cfg: The config; changed in place.
        data_root: The new folder.
        old: The folder so far; the config's ``data_root`` if absent, or the one that
            all its datasets have.

    Raises:
        UserError: If no dataset or metric reads from the old folder or the new one.
    """
    data_root, roots = str(data_root), _roots(cfg)
    if old is None:
        old = cfg.get('data_root') or (roots[0] if len(set(roots)) == 1 else '')
    bare = str(old).rstrip(_SEPARATORS)
    for name in _PLACES:
        if bare and cfg.get(name) is not None:
            cfg[name] = _moved(cfg[name], bare, data_root.rstrip(_SEPARATORS) or data_root)
    cfg.data_root = data_root
    _check_moved(cfg, data_root, roots)


def inner_datasets(dataset) -> Iterator[dict]:
    """The datasets that read files, inside of those that wrap others.

    Args:
        dataset (dict): A dataset's config.
    """
    if not isinstance(dataset, dict):
        return
    inner = [dataset['dataset']] if 'dataset' in dataset else dataset.get('datasets')
    if not isinstance(inner, (list, tuple)):
        yield dataset
        return
    for part in inner:
        yield from inner_datasets(part)


def datasets_of(cfg: Config) -> Iterator[dict]:
    """The datasets of all data loaders of a config.

    Args:
        cfg: The config.
    """
    for name in LOADERS:
        yield from inner_datasets((cfg.get(name) or {}).get('dataset'))


def _roots(cfg: Config) -> list:
    return [str(dataset['data_root']) for dataset in datasets_of(cfg) if dataset.get('data_root')]


def _check_moved(cfg: Config, data_root: str, roots: list) -> None:
    bare = data_root.rstrip(_SEPARATORS) or data_root
    if any(_starts(text, bare) for name in _PLACES for text in _texts(cfg.get(name))):
        return
    there = f'read from {", ".join(map(repr, dict.fromkeys(roots)))}' if roots else 'have no '
    there += '' if roots else 'data_root'
    raise UserError(
        f'data_root={data_root!r} moves nothing: the datasets {there}, which is not below the '
        "config's data_root.\nSet train_dataloader.dataset.data_root, the same of "
        'val_dataloader and test_dataloader, and val_evaluator.ann_file instead.')


def _texts(value) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(dict.values(value))
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value


def _starts(text: str, folder: str) -> bool:
    return text == folder or text.startswith(tuple(folder + mark for mark in _SEPARATORS)) or (
        folder[-1:] in _SEPARATORS and text.startswith(folder))


def _moved(value, old: str, new: str):
    """A copy with ``old`` replaced at the start of paths, at any depth."""
    if isinstance(value, dict):
        return type(value)({key: _moved(item, old, new) for key, item in dict.items(value)})
    if isinstance(value, (list, tuple)):
        return type(value)(_moved(item, old, new) for item in value)
    if isinstance(value, str) and _starts(value, old):
        return new + value[len(old):]
    return value
