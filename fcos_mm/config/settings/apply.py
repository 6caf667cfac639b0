"""Apply the settings that a file, or the command line, makes to what a config amounts to.

A file is taken with everything that it inherits, its bases' settings applied: mmengine reads the
bases first. A file without bases, as a dumped config is, means its names as they stand.
"""
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from mmengine.config import Config

from fcos_mm.config.settings.given import Given, keys_with
from fcos_mm.config.settings.table import SETTINGS
from fcos_mm.config.shipped import find_config
from fcos_mm.config.source import Source, read_source

_SCOPE = 'fcos_mm'
_every_scope: ContextVar[bool] = ContextVar('in_every_scope', default=False)


@contextmanager
def in_every_scope() -> Iterator[None]:
    """Apply settings to configs of other scopes than ``fcos_mm``, too."""
    token = _every_scope.set(True)
    try:
        yield
    finally:
        _every_scope.reset(token)


def apply_file(cfg: dict, path: str) -> None:
    """Apply the settings of the config file that has just been read into ``cfg``, in place.

    Raises:
        UserError: If a setting does not fit.
    """
    if (_every_scope.get() or cfg.get('default_scope') == _SCOPE) and SETTINGS.keys() & cfg:
        source = read_source(path, find_config)
        for name in _applied(source):
            given = Given(name, cfg[name], source.inherited(name), source.keys)
            SETTINGS[name].apply(cfg, given)


def applied_names(source: Source) -> set[str]:
    """The settings that take effect in a file or in what it inherits."""
    return {name for file in source.below() for name in _applied(file)}


def _applied(source: Source) -> list[str]:
    """The settings that take effect in the file itself."""
    if source.is_shipped or not source.bases:
        return []
    return [name for name in SETTINGS
            if name in source.assigned and written_out(source, name) is None]


def written_out(source: Source, name: str) -> str | None:
    """The key by which a file itself says what a setting would; None if there is none."""
    return min(keys_with(SETTINGS[name].inner, source.keys), default=None)


def apply_options(cfg: Config, options: dict) -> dict:
    """Apply the settings among options, by dotted keys; returns the other options."""
    own = {key: value for key, value in options.items() if key.split('.')[0] in SETTINGS}
    nested = Config()
    nested.merge_from_dict(own)
    for name, setting in SETTINGS.items():
        if name in nested:
            former = cfg.get(name)
            cfg[name] = _merged(former, nested[name])
            setting.apply(cfg, Given(name, cfg[name], former, options))
    return {key: value for key, value in options.items() if key not in own}


def _merged(former: Any, value: Any) -> Any:
    return {**former, **value} if isinstance(former, dict) and isinstance(value, dict) else value
