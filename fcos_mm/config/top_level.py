"""``data_root``, ``classes`` and ``metainfo`` that a file sets at top level for all datasets."""

from mmengine.config import Config

from fcos_mm.config.classes import set_metainfo
from fcos_mm.config.data_root import set_data_root
from fcos_mm.config.source import Source

_FILES_OWN = {'data_root': 'data_root', 'classes': 'metainfo', 'metainfo': 'metainfo'}


def apply_files(cfg: Config, source: Source) -> set[str]:
    """Let the variables of the user's files take effect, bases first.

    A file that says for some dataset itself where its data are (or what its classes
    are) is taken at its word: nothing is moved behind it.

    Args:
        cfg: The config; changed in place.
        source: Its file.

    Returns:
        The names that took effect.
    """
    applied: set[str] = set()
    for base in source.bases:
        applied |= apply_files(cfg, base)
    if source.is_shipped or not source.bases:
        return applied
    names = {name for name in _FILES_OWN if name in source.assigned
             and not _sets(source, _FILES_OWN[name])}
    if not names:
        return applied
    values = Config.fromfile(source.path, import_custom_modules=False)
    if 'data_root' in names:
        set_data_root(cfg, values.data_root, old=source.inherited('data_root'))
    _apply_classes(cfg, values, names, not _sets(source, 'num_classes'))
    return applied | names


def apply_options(cfg: Config, options: dict) -> dict:
    """Let these names among the options of the command line take effect.

    Args:
        cfg: The config; changed in place.
        options: By dotted keys.

    Returns:
        The other options.

    Raises:
        UserError: If a value cannot be used.
    """
    taken = {key: value for key, value in options.items() if key.split('.')[0] in _FILES_OWN}
    nested = Config()
    nested.merge_from_dict(taken)
    if 'data_root' in nested:
        set_data_root(cfg, nested.data_root)
    if 'metainfo' in nested:
        cfg.metainfo = dict(cfg.get('metainfo') or {}, **nested.metainfo)
    if 'classes' in nested:
        cfg.classes = nested.classes
    heads = any(key.startswith('model.') and key.endswith('num_classes') for key in options)
    _apply_classes(cfg, cfg, set(nested.keys()), not heads)
    return {key: value for key, value in options.items() if key not in taken}


def _apply_classes(cfg: Config, values: Config, names: set[str], with_heads: bool) -> None:
    metainfo = dict(values.metainfo) if 'metainfo' in names else {}
    if 'classes' in names:
        metainfo['classes'] = values.classes
    if metainfo:
        set_metainfo(cfg, metainfo, with_heads)


def _sets(source: Source, word: str) -> bool:
    """Whether the file itself sets a key of this name inside of another."""
    return any(word in key.split('.')[1:] for key in source.keys)
