"""Finding what a ``type`` of a config names, as mmengine would, without importing by chance."""
import importlib
from collections.abc import Iterator
from typing import Any

from mmengine.registry import Registry, root
from mmengine.utils import get_object_from_string

#: mmengine's root registries by their names: ``MODELS``, ``HOOKS``, ...
ROOMS: dict[str, Registry] = {
    name: value for name, value in vars(root).items() if isinstance(value, Registry)}


def find(name: Any, scope: str, room: str | None = None) -> list[Any]:
    """Find the components of a name.

    Args:
        name: The value of ``type``: a name, with a scope in front or not, a
            dotted path, or the component itself.
        scope: The scope of the config.
        room: The registry to search, of :data:`ROOMS`; all if None.

    Returns:
        Every component that the name may mean; none if there is none.
    """
    if not isinstance(name, str):
        return [name] if callable(name) else []
    rooms = ROOMS if room is None else (room,)
    found = [component for key in rooms for component in _in_registry(ROOMS[key], name, scope)]
    if not found and '.' in name and all(part.isidentifier() for part in name.split('.')):
        found = _by_path(name)
    return list(dict.fromkeys(found))


def is_a(name: Any, scope: str, room: str, *parents: type) -> bool:
    """Whether a ``type`` names a class of a kind.

    Args:
        name: The ``type``.
        scope: The scope of the config.
        room: The registry, of :data:`ROOMS`.
        *parents: Classes, of which it may be one or inherit from one.
    """
    return any(isinstance(found, type) and issubclass(found, parents)
               for found in find(name, scope, room))


def names(scope: str, room: str | None = None) -> list[str]:
    """All names that :func:`find` knows without a scope in front.

    Args:
        scope: The scope of the config.
        room: The registry, of :data:`ROOMS`; all if None.
    """
    rooms = ROOMS if room is None else (room,)
    return [name for key in rooms for registry in _upwards(ROOMS[key], scope)
            for name in registry.module_dict]


def _in_registry(registry: Registry, name: str, scope: str) -> Iterator[Any]:
    prefix, point, plain = name.partition('.')
    if point:
        _import_scope(prefix)
        if _below(registry, prefix) is None:
            return
        name, scope = plain, prefix
    found = (level.module_dict.get(name) for level in _upwards(registry, scope))
    yield from [component for component in found if component is not None][:1]


def _upwards(registry: Registry, scope: str) -> Iterator[Registry]:
    """The registry of a scope, its parent, and so on."""
    _import_scope(scope)
    level = _below(registry, scope)
    if level is None:
        level = registry
    level.import_from_location()
    while level is not None:
        yield level
        level = level.parent


def _below(registry: Registry, scope: str) -> Registry | None:
    if registry.scope == scope:
        return registry
    return next((found for child in registry.children.values()
                 if (found := _below(child, scope)) is not None), None)


def _import_scope(scope: str) -> None:
    if not scope.isidentifier():
        return
    try:
        importlib.import_module(f'{scope}.registry')
    except ImportError:
        pass


def _by_path(name: str) -> list[Any]:
    component = get_object_from_string(name)
    return [component] if callable(component) else []
