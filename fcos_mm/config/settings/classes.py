"""``classes`` and ``metainfo`` of all datasets, and ``num_classes`` of the heads."""
from collections.abc import Sequence

from mmengine.config import Config

from fcos_mm.config.datasets import datasets_of
from fcos_mm.config.keys import walk
from fcos_mm.config.settings.given import Given
from fcos_mm.errors import UserError

_CLASS_AGNOSTIC = {'rpn_head', 'semantic_head'}  # their num_classes are not the dataset's


def apply_metainfo(cfg: Config | dict, given: Given) -> None:
    """Set entries of ``metainfo`` of all datasets, and the classes of the heads."""
    set_metainfo(cfg, given.value, with_heads=not given.beside('num_classes'))


def apply_classes(cfg: Config | dict, given: Given) -> None:
    """Set the classes of all datasets and heads."""
    set_metainfo(cfg, dict(classes=given.value), with_heads=not given.beside('num_classes'))


def set_metainfo(cfg: Config | dict, metainfo: dict, with_heads: bool = True) -> None:
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


def _set_num_classes(cfg: Config | dict, count: int) -> None:
    """Set the count of all heads that had as many classes as the first bbox_head."""
    heads = [(key.rstrip('.0123456789'), part) for key, part in walk(cfg.get('model'), 'model')
             if isinstance(part, dict) and 'num_classes' in part and 'head' in key
             and _CLASS_AGNOSTIC.isdisjoint(key.split('.'))]
    former = next((head['num_classes'] for key, head in heads if key.endswith('bbox_head')), None)
    for _, head in heads:
        if former in (None, head['num_classes']):
            head['num_classes'] = count
