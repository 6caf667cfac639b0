"""Errors of a library's component while it is built, reported by the keys of the config."""
import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb
from types import FrameType, TracebackType
from typing import Any, NamedTuple

from mmengine.config import Config
from mmengine.registry import build_from_cfg

from fcos_mm.config.keys import walk
from fcos_mm.errors import UserError, shorten

_LIBRARIES = {'fcos_mm', 'mmdet', 'mmengine', 'mmcv', 'torch'}
_REFUSALS = (TypeError, ValueError, KeyError, AssertionError)
_SIGNATURE = re.compile(
    r'(\w+)\.__init__\(\) (missing \d+ required|got an unexpected keyword)')
_LINES = 2  # of the component's own words


class _Build(NamedTuple):
    component: Any
    cfg: dict
    frames: list[FrameType]


@contextmanager
def build_errors_by_key(cfg: Config) -> Iterator[None]:
    """Name the keys of the config where a library's constructor refuses its arguments.

    Errors of other kinds, and those of the user's own components, keep their traceback.

    Raises:
        UserError: If a component misses an argument, does not know one, or refuses its value.
    """
    try:
        yield
    except _REFUSALS as error:
        build = _innermost_build(error.__traceback__)
        if build is None or not _refused(build, error):
            raise
        raise UserError(_describe(cfg, build, error)) from error


def _innermost_build(trace: TracebackType | None) -> _Build | None:
    frames = [frame for frame, _ in walk_tb(trace)]
    for index in reversed(range(len(frames))):
        values = frames[index].f_locals
        if frames[index].f_code is build_from_cfg.__code__ and 'obj_cls' in values:
            return _Build(values['obj_cls'], values['cfg'], frames[index + 1:])
    return None


def _refused(build: _Build, error: Exception) -> bool:
    """Whether a library's constructor itself raised this."""
    if not inspect.isclass(build.component) or not _is_of_library(build.component.__module__):
        return False
    if not all(frame.f_code.co_name == '__init__'
               and _is_of_library(frame.f_globals.get('__name__', '')) for frame in build.frames):
        return False
    if isinstance(error, TypeError):
        match = _SIGNATURE.search(str(error))
        return match is not None and match[1] in {cls.__name__ for cls in build.component.__mro__}
    return bool(build.frames)


def _is_of_library(module: str | None) -> bool:
    return (module or '').split('.')[0] in _LIBRARIES


def _describe(cfg: Config, build: _Build, error: Exception) -> str:
    name = build.component.__name__
    key = _key_of(cfg, build.cfg) or f'{name} of the config'
    if isinstance(error, TypeError):
        arguments = ' and '.join(re.findall(r"'(\w+)'", str(error)))
        if 'missing' in str(error):
            return f'{key}: {name} needs {arguments}, which is not set.'
        return f'{key}: {name} has no argument {arguments}. Leave it out.'
    text = str(error.args[0]) if error.args else ''
    words = '\n'.join(text.strip().splitlines()[:_LINES]) or 'an assertion failed, without a word'
    given = ', '.join(f'{argument}={shorten(value, 40)}' for argument, value in build.cfg.items()
                      if str(argument) in words and argument != 'type')
    return f'{key}: {name} refuses its settings: {words}' + (f'\nSet: {given}.' if given else '')


def _key_of(cfg: Config, built: dict) -> str | None:
    """The part of a config, less what builders add, that something was most likely built from."""
    def alike(part: dict) -> int:
        return sum(1 if key in built and built[key] == value else -1
                   for key, value in part.items())

    candidates = [(alike(part), key) for key, part in walk(dict(cfg.items()))
                  if isinstance(part, dict) and key and 'type' in part
                  and str(part['type']) == str(built.get('type'))]
    return max(candidates, key=lambda pair: pair[0])[1] if candidates else None
