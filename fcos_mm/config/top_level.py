"""Apply top-level ``data_root``, ``classes`` and ``metainfo`` to all datasets and heads."""
from collections.abc import Sequence

from mmengine.config import Config

from fcos_mm.config.datasets import LOADERS, datasets_of
from fcos_mm.config.keys import walk
from fcos_mm.config.source import Source
from fcos_mm.errors import UserError

# For each name, the key by which a file sets it for one dataset alone.
_INNER_KEYS = {'data_root': 'data_root', 'classes': 'metainfo', 'metainfo': 'metainfo'}
_READERS = (*LOADERS['train'], *LOADERS['test'], 'val_evaluator', 'test_evaluator')
_CLASS_AGNOSTIC = {'rpn_head', 'semantic_head'}  # their num_classes are not the dataset's
_SEPARATORS = '/\\'


def apply_files(cfg: Config, source: Source) -> set[str]:
    """Apply the variables of the user's files, those of bases first.

    A variable changes nothing if the same file sets the data root (or the classes) of some
    dataset itself. Returns the names that took effect.
    """
    applied: set[str] = set()
    for base in source.bases:
        applied |= apply_files(cfg, base)
    if source.is_shipped or not source.bases:
        return applied
    names = {name for name, inner in _INNER_KEYS.items()
             if name in source.assigned and not _sets(source, inner)}
    if not names:
        return applied
    values = Config.fromfile(source.path, import_custom_modules=False)
    if 'data_root' in names:
        set_data_root(cfg, values.data_root, old=source.inherited('data_root'))
    _apply_classes(cfg, values, names, not _sets(source, 'num_classes'))
    return applied | names


def apply_options(cfg: Config, options: dict) -> dict:
    """Apply these names among options, by dotted keys; returns the other options."""
    own = {key: value for key, value in options.items() if key.split('.')[0] in _INNER_KEYS}
    nested = Config()
    nested.merge_from_dict(own)
    if 'data_root' in nested:
        set_data_root(cfg, nested.data_root)
    if 'metainfo' in nested:
        cfg.metainfo = dict(cfg.get('metainfo') or {}, **nested.metainfo)
    if 'classes' in nested:
        cfg.classes = nested.classes
    heads = any(key.startswith('model.') and key.endswith('num_classes') for key in options)
    _apply_classes(cfg, cfg, set(nested.keys()), not heads)
    return {key: value for key, value in options.items() if key not in own}


def _apply_classes(cfg: Config, values: Config, names: set[str], with_heads: bool) -> None:
    metainfo = dict(values.metainfo) if 'metainfo' in names else {}
    if 'classes' in names:
        metainfo['classes'] = values.classes
    if metainfo:
        set_metainfo(cfg, metainfo, with_heads)


def _sets(source: Source, word: str) -> bool:
    """Whether the file itself sets a key of this name inside another."""
    return any(word in key.split('.')[1:] for key in source.keys)


def set_metainfo(cfg: Config, metainfo: dict, with_heads: bool = True) -> None:
    """Set entries of ``metainfo`` of all datasets, and ``num_classes`` of the heads."""
    metainfo = dict(metainfo)
    if metainfo.get('classes') is not None:
        metainfo['classes'] = class_names(metainfo['classes'])
        if with_heads:
            _set_num_classes(cfg, len(metainfo['classes']))
    for dataset in datasets_of(cfg):
        dataset['metainfo'] = dict(dataset.get('metainfo') or {}, **metainfo)


def class_names(classes: str | Sequence[str]) -> tuple:
    """The names of classes, or a single name, as a tuple; refuses anything else."""
    names = (classes, ) if isinstance(classes, str) else classes
    if not isinstance(names, (list, tuple)) or not names or not all(
            isinstance(name, str) for name in names):
        raise UserError(
            f"classes={classes!r} is not a list of names: write classes=('cup', 'jar').")
    return tuple(names)


def _set_num_classes(cfg: Config, count: int) -> None:
    """Set the count of all heads that had as many classes as the first bbox_head."""
    heads = [(key.rstrip('.0123456789'), part) for key, part in walk(cfg.get('model'), 'model')
             if isinstance(part, dict) and 'num_classes' in part and 'head' in key
             and _CLASS_AGNOSTIC.isdisjoint(key.split('.'))]
    former = next((head['num_classes'] for key, head in heads if key.endswith('bbox_head')), None)
    for _, head in heads:
        if former in (None, head['num_classes']):
            head['num_classes'] = count


def set_data_root(cfg: Config, data_root: str, old: str | None = None) -> None:
    """Let every dataset and metric of a config read from another folder.

    Replaces the old folder wherever a path of the data starts with it; by default that is
    ``data_root`` of the config, or of all its datasets.

    Raises:
        UserError: If no dataset or metric reads from the old folder or the new one.
    """
    data_root = str(data_root)
    roots = list(dict.fromkeys(
        str(dataset['data_root']) for dataset in datasets_of(cfg) if dataset.get('data_root')))
    if old is None:
        old = cfg.get('data_root') or (roots[0] if len(roots) == 1 else '')
    old, new = str(old).rstrip(_SEPARATORS), data_root.rstrip(_SEPARATORS) or data_root
    for name in _READERS:
        if old and cfg.get(name) is not None:
            cfg[name] = _moved(cfg[name], old, new)
    cfg.data_root = data_root
    if not any(isinstance(value, str) and _starts(value, new)
               for name in _READERS for _, value in walk(cfg.get(name), name)):
        there = f'read from {", ".join(map(repr, roots))}' if roots else 'have no data_root'
        raise UserError(
            f'data_root={data_root!r} moves nothing: the datasets {there}, which is not below '
            "the config's data_root.\nSet train_dataloader.dataset.data_root, the same of "
            'val_dataloader and test_dataloader, and val_evaluator.ann_file instead.')


def _starts(path: str, folder: str) -> bool:
    bare = folder.rstrip(_SEPARATORS)
    return path == folder or path.startswith(tuple(bare + mark for mark in _SEPARATORS))


def _moved(value, old: str, new: str):
    """A copy with ``old`` replaced at the start of paths, at any depth."""
    if isinstance(value, dict):
        return type(value)({key: _moved(item, old, new) for key, item in dict.items(value)})
    if isinstance(value, (list, tuple)):
        return type(value)(_moved(item, old, new) for item in value)
    if isinstance(value, str) and _starts(value, old):
        return new + value[len(old):]
    return value
