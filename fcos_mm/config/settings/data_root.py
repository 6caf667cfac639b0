"""``data_root``: the folder from which all datasets and metrics read."""
from typing import Any

from mmengine.config import Config

from fcos_mm.config.datasets import LOADERS, datasets_of
from fcos_mm.config.keys import walk
from fcos_mm.config.settings.given import Given
from fcos_mm.errors import UserError

_READERS = (*LOADERS['train'], *LOADERS['test'], 'val_evaluator', 'test_evaluator')
_SEPARATORS = '/\\'


def apply_data_root(cfg: Config | dict, given: Given) -> None:
    """Let every dataset and metric read from another folder."""
    set_data_root(cfg, given.value, old=given.former or _common(_roots(cfg)))


def set_data_root(cfg: Config | dict, data_root: str, old: str | None = None) -> None:
    """Let every dataset and metric of a config read from another folder.

    Replaces the old folder wherever a path of the data starts with it; by default that is
    ``data_root`` of the config, or of all its datasets.

    Raises:
        UserError: If no dataset or metric reads from the old folder or the new one.
    """
    data_root, roots = str(data_root), _roots(cfg)
    if old is None:
        old = cfg.get('data_root') or _common(roots)
    old, new = str(old).rstrip(_SEPARATORS), data_root.rstrip(_SEPARATORS) or data_root
    for name in _READERS:
        if old and cfg.get(name) is not None:
            cfg[name] = _moved(cfg[name], old, new)
    cfg['data_root'] = data_root
    if not any(isinstance(value, str) and _starts(value, new)
               for name in _READERS for _, value in walk(cfg.get(name), name)):
        there = f'read from {", ".join(map(repr, roots))}' if roots else 'have no data_root'
        raise UserError(
            f'data_root={data_root!r} has no effect: the datasets {there}, which is not below '
            "the config's data_root.\nSet train_dataloader.dataset.data_root, the same of "
            'val_dataloader and test_dataloader, and val_evaluator.ann_file instead.')


def _roots(cfg: Config | dict) -> list[str]:
    """The folders of all datasets, each once."""
    return list(dict.fromkeys(
        str(dataset['data_root']) for dataset in datasets_of(cfg) if dataset.get('data_root')))


def _common(roots: list[str]) -> str:
    return roots[0] if len(roots) == 1 else ''


def _starts(path: str, folder: str) -> bool:
    bare = folder.rstrip(_SEPARATORS)
    return path == folder or path.startswith(tuple(bare + mark for mark in _SEPARATORS))


def _moved(value: Any, old: str, new: str) -> Any:
    """A copy with ``old`` replaced at the start of paths, at any depth."""
    if isinstance(value, dict):
        return type(value)({key: _moved(item, old, new) for key, item in dict.items(value)})
    if isinstance(value, (list, tuple)):
        return type(value)(_moved(item, old, new) for item in value)
    if isinstance(value, str) and _starts(value, old):
        return new + value[len(old):]
    return value
