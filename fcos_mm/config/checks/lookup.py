"""Find the component that a ``type`` names, as mmengine would, without importing by chance."""
import contextlib
import importlib
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry, root
from mmengine.utils import get_object_from_string

#: All root registries of mmengine.
ROOTS: list[Registry] = [value for value in vars(root).values() if isinstance(value, Registry)]


def find(name: Any, scope: str, registry: Registry | None = None) -> list[Any]:
    """Every component that a ``type`` may mean.

    Args:
        name: A name, with a scope in front or not, a dotted path, or the component itself.
        scope: The scope for a plain name.
        registry: The kind of component, by a registry of any scope; any kind if None.
    """
    if not isinstance(name, str):
        return [name] if callable(name) else []
    found = [component for kind in _roots(registry) for component in _registered(kind, name, scope)]
    if not found and '.' in name and all(part.isidentifier() for part in name.split('.')):
        component = get_object_from_string(name)
        found = [component] if callable(component) else []
    return list(dict.fromkeys(found))


def is_a(name: Any, scope: str, registry: Registry, *parents: type) -> bool:
    """Whether a ``type`` names one of these classes or a subclass; see :func:`find`."""
    return any(isinstance(found, type) and issubclass(found, parents)
               for found in find(name, scope, registry))


def names(scope: str, registry: Registry | None = None) -> list[str]:
    """All names that :func:`find` knows without a scope in front."""
    return [name for kind in _roots(registry) for level in _levels(kind, scope)
            for name in level.module_dict]


def scope_of(cfg: Config) -> str:
    """The scope in which the types of a config are looked up."""
    return cfg.get('default_scope') or 'mmengine'


def package_of(component: Any) -> str:
    """The package in which a class or function is defined."""
    return (getattr(component, '__module__', None) or '').split('.')[0]


def is_of_library(component: Any) -> bool:
    """Whether a class or function is this package's, or of a library that it builds on."""
    return package_of(component) in ('fcos_mm', 'mmdet', 'mmengine', 'mmcv', 'torch')


def _roots(registry: Registry | None) -> list[Registry]:
    return ROOTS if registry is None else [registry.root]


def _registered(kind: Registry, name: str, scope: str) -> list[Any]:
    prefix, point, plain = name.partition('.')
    if point:
        if _of_scope(kind, prefix) is None:
            return []
        name, scope = plain, prefix
    return [level.module_dict[name] for level in _levels(kind, scope)
            if name in level.module_dict][:1]


def _levels(kind: Registry, scope: str) -> Iterator[Registry]:
    """The registry of a scope, its parent, and so on."""
    level = _of_scope(kind, scope)
    if level is None:
        level = kind
    level.import_from_location()
    while level is not None:
        yield level
        level = level.parent


def _of_scope(kind: Registry, scope: str) -> Registry | None:
    if scope.isidentifier():
        with contextlib.suppress(ImportError):
            importlib.import_module(f'{scope}.registry')
    registries = [kind]
    for registry in registries:  # grows while it is gone through
        registries += registry.children.values()
    return next((registry for registry in registries if registry.scope == scope), None)
