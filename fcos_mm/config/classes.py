"""The classes of all datasets and heads of a config, set at once."""
from collections.abc import Iterator, Sequence

from mmengine.config import Config

from fcos_mm.config.data_root import datasets_of
from fcos_mm.errors import UserError

_CLASS_AGNOSTIC = ('rpn_head', 'semantic_head')  # their num_classes are not the dataset's


def set_metainfo(cfg: Config, metainfo: dict, with_heads: bool = True) -> None:
    """Give all datasets these entries of ``metainfo``, and the heads their number of classes.

    Args:
        cfg: The config; changed in place.
        metainfo: ``classes``, and what else describes them.
        with_heads: Whether ``num_classes`` of the heads is set as well.

    Raises:
        UserError: If the classes are no list of names.
    """
    metainfo = dict(metainfo)
    if metainfo.get('classes') is not None:
        metainfo['classes'] = class_names(metainfo['classes'])
        if with_heads:
            _set_num_classes(cfg, len(metainfo['classes']))
    for dataset in datasets_of(cfg):
        dataset['metainfo'] = dict(dataset.get('metainfo') or {}, **metainfo)


def class_names(classes: str | Sequence[str]) -> tuple:
    """The names as a tuple; a single name may be given as it is.

    Args:
        classes: The names, or one.

    Raises:
        UserError: If they are anything else.
    """
    names = (classes, ) if isinstance(classes, str) else classes
    if not isinstance(names, (list, tuple)) or not names or not all(
            isinstance(name, str) for name in names):
        raise UserError(f"classes={classes!r} is no list of names: write classes=('cup', 'jar').")
    return tuple(names)


def _set_num_classes(cfg: Config, count: int) -> None:
    heads = list(_heads(cfg.get('model') or {}))
    former = next((head['num_classes'] for key, head in heads if key.endswith('bbox_head')), None)
    for _, head in heads:
        if former in (None, head['num_classes']):
            head['num_classes'] = count


def _heads(part, key: str = '') -> Iterator[tuple]:
    """The key and config of every head that counts the dataset's classes."""
    if isinstance(part, dict):
        if 'num_classes' in part and 'head' in key:
            yield key.rstrip('.0123456789'), part
        parts = part.items()
    else:
        parts = enumerate(part) if isinstance(part, (list, tuple)) else ()
    for name, inner in parts:
        if name not in _CLASS_AGNOSTIC:
            yield from _heads(inner, f'{key}.{name}')
