"""The config of converted weights: a short file that inherits a shipped one."""
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from fcos_mm.checkpoints.convert.source import Converted
from fcos_mm.config import load_config
from fcos_mm.config.shipped import shipped_configs, shipped_folder

_LONGEST = 100  # characters of a line
_PIPELINES = ('train_pipeline', 'test_pipeline')


def config_text(converted: Converted, comment: str = '') -> str:
    """Write what differs from the shipped config, which is inherited.

    Args:
        converted: Its ``config``, ``settings`` and ``classes``.
        comment: The first line, without ``#``.
    """
    path = shipped_configs()[converted.config].relative_to(shipped_folder('configs'))
    lines = [f'# {line}' for line in comment.splitlines()]
    lines.append(f"_base_ = 'fcos_mm::{path.as_posix()}'")
    settings = dict(converted.settings)
    if converted.classes:
        settings['classes'] = tuple(converted.classes)
    named = {name: settings[name] for name in _PIPELINES if name in settings}
    loaders = []
    for key, value in list(settings.items()):
        name = next((name for name, steps in named.items()
                     if value == dict(dataset=dict(pipeline=steps))), None)
        if name is not None:
            del settings[key]
            loaders.append(f'{key} = dict(dataset=dict(pipeline={name}))')
    lines += [f'{name} = {_code(value, len(name) + 3)}' for name, value in settings.items()]
    return '\n'.join([*lines, *loaders]) + '\n'


def compose(text: str) -> Config:
    """The whole config of the text of a config file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'converted.py'
        path.write_text(text, encoding='utf-8')
        return load_config(str(path))


def _code(value: Any, used: int = 0, indent: int = 0) -> str:
    """Python's code for a value: in one line if it fits, else an item in each.

    Args:
        value: Of plain types.
        used: Characters of the line before it.
        indent: Of the line.
    """
    if isinstance(value, Mapping) and all(str(key).isidentifier() for key in value):
        items = [(f'{key}=', item) for key, item in value.items()]
        start, end = 'dict(', ')'
    elif isinstance(value, Mapping):
        items = [(f'{key!r}: ', item) for key, item in value.items()]
        start, end = '{', '}'
    elif isinstance(value, (list, tuple)):
        items = [('', item) for item in value]
        start, end = '[]' if isinstance(value, list) else '()'
    else:
        return repr(value)
    comma = ',' if isinstance(value, tuple) and len(items) == 1 else ''
    line = start + ', '.join(name + _code(item) for name, item in items) + comma + end
    if used + len(line) < _LONGEST and '\n' not in line:
        return line
    inner = ' ' * (indent + 4)
    lines = (f'{inner}{name}{_code(item, len(inner + name), indent + 4)}' for name, item in items)
    return f'{start}\n' + ',\n'.join(lines) + comma + end
