"""The config that a recipe becomes: a short file that can be read, edited and trained."""
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from fcos_mm.atomic_file import write_text
from fcos_mm.recipes.choice import Choice

BASE = 'fcos_mm::_base_/small_data.py'
_COMMAND = '# fcos-mm train '
_EXPLAINED = {'image_size', 'levels', 'backbone', 'epochs'}
_LONGEST = 100  # characters of a line


def config_text(data, choices: Sequence[Choice], options: Mapping[str, Sequence[str]]) -> str:
    """Write choices as a config.

    Args:
        data: What :func:`~fcos_mm.datasets.sources.prepare_data` returned.
        choices: The settings.
        options: The words of the command's options; :func:`options_of` reads them back.
    """
    images = {split: part.images for split, part in data.splits.items()}
    same = len(set(images.values())) == 1
    lines = [_COMMAND + shlex.join(word for name, values in options.items()
                                   for word in (name, *values)),
             f'_base_ = {BASE!r}',
             _line('ann_files', {split: part.ann_file for split, part in data.splits.items()}),
             _line('image_dirs', images['train'] if same else images)]
    for choice in choices:
        settings = choice.in_config
        if settings and choice.name in _EXPLAINED:
            lines.append(f'# {choice.name}: {choice.reason}')
        lines += [_line(name, value) for name, value in settings.items()]
    return '\n'.join(lines) + '\n'


def options_of(path: Path) -> dict[str, list[str]]:
    """The words of the options of the command that wrote a config; empty if none did."""
    first = path.read_text(encoding='utf-8').partition('\n')[0]
    options: dict[str, list[str]] = {}
    for word in shlex.split(first.removeprefix(_COMMAND)) if first.startswith(_COMMAND) else ():
        if word.startswith('--'):
            options[word] = values = []
        else:
            values.append(word)
    return options


def write_config(path: Path, text: str) -> None:
    """Write a config, or leave the old one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(text, path)


def _line(name: str, value: object) -> str:
    line = f'{name} = {_code(value)}'
    if len(line) <= _LONGEST or not isinstance(value, Mapping) or name == 'model':
        return line
    return f'{name} = dict(\n    ' + ',\n    '.join(
        f'{key}={item!r}' for key, item in value.items()) + ')'


def _code(value: object) -> str:
    """Python's code for a value, dicts as calls."""
    if isinstance(value, Mapping):
        return f'dict({", ".join(f"{key}={_code(item)}" for key, item in value.items())})'
    return repr(value)
