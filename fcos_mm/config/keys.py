"""Top-level keys of a config that something reads, and dotted keys at any depth."""
import inspect
import numbers
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from mmengine.config import Config

from fcos_mm.compat.config import raw_items

# Read by mmengine's runner and by the tools besides the arguments of the runner.
_OTHERS = ('allow_random_weights', 'compile', 'custom_imports', 'find_unused_parameters',
           'model_wrapper_cfg', 'runner_type', 'sync_bn', 'tta_model', 'tta_pipeline')

#: The key under which a config lists names that the user's own code reads.
EXTRA = 'extra_keys'


def known_keys(cfg: Config) -> frozenset[str]:
    """The top-level keys that are read; ``runner_type`` and ``extra_keys`` of the config count."""
    extra = cfg.get(EXTRA) or ()
    extra = (extra, ) if isinstance(extra, str) else extra
    return _runner_keys(cfg.get('runner_type')) | {EXTRA, *_settings(), *extra}


def _settings() -> Iterable[str]:
    from fcos_mm.config.settings import SETTINGS  # which walk through keys
    return SETTINGS.keys()


@lru_cache(maxsize=None)
def _runner_keys(runner_type) -> frozenset[str]:
    from mmengine.registry import RUNNERS
    from mmengine.runner import Runner  # takes seconds to import
    runners = [Runner, RUNNERS.get(runner_type) if isinstance(runner_type, str) else runner_type]
    names = {name for runner in runners if inspect.isclass(runner)
             for name in inspect.signature(runner).parameters}
    return frozenset(names.union(_OTHERS) - {'cfg'})


def walk(value: Any, key: str = '') -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of a part of a config at any depth, outer before inner ones.

    The part itself comes first, unless its ``key`` is empty, as a whole config's is.
    """
    if key:
        yield key, value
    for name, inner in raw_items(value):
        yield from walk(inner, f'{key}.{name}' if key else str(name))


def listed(value: Any, key: str) -> list[tuple[str, Any]]:
    """Dotted keys and entries of what is one dict, or a list of them."""
    if isinstance(value, (list, tuple)):
        return [(f'{key}.{index}', entry) for index, entry in enumerate(value)]
    return [(key, value)] if isinstance(value, dict) else []


def dotted_keys(cfg: Config) -> Iterator[tuple[str, Any]]:
    """All dotted keys of a config under the top-level keys that are read, with their values."""
    known = known_keys(cfg) - {EXTRA, *_settings()}
    for name, value in raw_items(cfg):
        if name in known:
            yield from walk(value, name)


def look_up(cfg: Config, key: str) -> tuple[bool, Any]:
    """Whether a config has a dotted key, whose numbers are positions in lists, and its value."""
    value = cfg
    for part in key.split('.'):
        index = int(part) if isinstance(value, (list, tuple)) and part.isdigit() else part
        inner = dict(raw_items(value))
        if index not in inner:
            return False, None
        value = inner[index]
    return True, value


def value_at(cfg: Any, key: str) -> Any | None:
    """The value under a dotted key that enters no lists; None if it is not there."""
    for name in key.split('.'):
        cfg = cfg.get(name) if isinstance(cfg, (dict, Config)) else None
    return cfg


def is_number(value: Any, kind: type = numbers.Real) -> bool:
    """Whether a value is a number, and no boolean, of a kind."""
    return isinstance(value, kind) and not isinstance(value, bool)


def type_name(part: Any) -> str:
    """The name of the component that a part of a config builds, without its scope; else ``''``."""
    kind = part.get('type') if isinstance(part, dict) else None
    return getattr(kind, '__name__', str(kind or '')).rpartition('.')[2]
