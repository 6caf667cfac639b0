"""What differs between two configs, in a form that a config can inherit with."""
from collections.abc import Iterator, Mapping
from typing import Any


def difference(base: Mapping, wanted: Mapping) -> dict:
    """The settings that turn one part of a config into another.

    A dict with keys that are not wanted is replaced as a whole, by ``_delete_=True``. Keys of the
    outermost ``base`` that are not wanted stay.
    """
    found = {}
    for key, value in wanted.items():
        old = base.get(key)
        if not isinstance(value, Mapping) or not isinstance(old, Mapping):
            if key not in base or not same(old, value):
                replaces = isinstance(value, Mapping) and key in base
                found[key] = {'_delete_': True, **value} if replaces else value
        elif set(old) - set(value) or not same(old.get('type'), value.get('type')):
            if not same(old, value):
                found[key] = {'_delete_': True, **value}
        elif inner := difference(old, value):
            found[key] = inner
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two values of configs are equal; lists and tuples are the same."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return set(one) == set(other) and all(same(value, other[key])
                                              for key, value in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def unequal(one: Any, other: Any, key: str = '') -> Iterator[tuple[str, Any, Any]]:
    """Dotted keys at which two parts of configs differ, with both values; None where one lacks."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in dict.fromkeys([*one, *other]):
            yield from unequal(one.get(name), other.get(name), f'{key}.{name}' if key else name)
    elif not same(one, other):
        yield key, one, other
