"""The top-level keys of a config that something reads."""
import inspect
from collections.abc import Iterator
from functools import lru_cache

from mmengine.config import Config, ConfigDict

#: Read by mmengine's runner and by the tools besides the arguments of the runner.
_OTHERS = ('allow_random_weights', 'compile', 'custom_imports', 'find_unused_parameters',
           'model_wrapper_cfg', 'runner_type', 'sync_bn', 'tta_model', 'tta_pipeline')

#: Applied while the config is loaded: see ``top_level.py``.
APPLIED = ('data_root', 'classes', 'metainfo')

#: A list of names that code of the user's own reads from the config.
EXTRA = 'extra_keys'


def known_keys(cfg: Config) -> frozenset[str]:
    """The top-level keys that are read.

    Args:
        cfg: The config, whose ``runner_type`` and ``extra_keys`` count.
    """
    extra = cfg.get(EXTRA) or ()
    extra = (extra, ) if isinstance(extra, str) else extra
    return _runner_keys(cfg.get('runner_type')) | {EXTRA, *APPLIED, *extra}


@lru_cache(maxsize=None)
def _runner_keys(runner_type) -> frozenset[str]:
    from mmengine.registry import RUNNERS
    from mmengine.runner import Runner  # takes seconds to import
    runners = [Runner, RUNNERS.get(runner_type) if isinstance(runner_type, str) else runner_type]
    names = {name for runner in runners if inspect.isclass(runner)
             for name in inspect.signature(runner).parameters}
    return frozenset(names.union(_OTHERS) - {'cfg'})


def dotted_keys(cfg: Config) -> Iterator[tuple[str, object]]:
    """All dotted keys under the top-level keys that are read, with their values.

    Args:
        cfg: The config.

    Yields:
        The key, outer ones before inner ones, and its value.
    """
    known = known_keys(cfg) - {EXTRA, *APPLIED}
    for name, value in _items(cfg._cfg_dict):
        if name in known:
            yield from _dotted(name, value)


def _dotted(key: str, value) -> Iterator[tuple[str, object]]:
    yield key, value
    for name, part in _items(value):
        yield from _dotted(f'{key}.{name}', part)


def _items(value) -> Iterator[tuple[object, object]]:
    if isinstance(value, ConfigDict):
        return dict.items(value)  # a lazily imported type stays as it is
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, (list, tuple)) else iter(())
