"""Names that a config file sets and that nothing reads.

While a file is read its values are copied to where they are used. A child that sets a
variable of its base again, or a key that does not exist, changes nothing by that.
"""
import os.path as osp
from typing import Dict, Iterator, List, Set

from mmengine.config import Config

from fcos_mm.config.known_keys import EXTRA, known_keys
from fcos_mm.config.nearest import nearest
from fcos_mm.config.old_names import OLD_KEYS, new_place
from fcos_mm.config.places import Places, find_places, look_up
from fcos_mm.config.source import Source
from fcos_mm.errors import UserError
from fcos_mm.faults import Faults

_MISSPELT = 0.9  # similarity above which a name in a base can only be a misspelt key


def check_unread(cfg: Config, source: Source, applied: Set[str]) -> None:
    """Refuse what the user's own files set without any effect.

    Files of installed packages are left alone. A file that others inherit may offer
    variables that nobody takes, and a config that was dumped holds those of its
    bases; in both only what is certainly meant as a setting counts.

    Args:
        cfg: The config.
        source: Its file.
        applied: The names that took effect although nothing copied them.

    Raises:
        UserError: For each name; it says where to set the value.
    """
    faults = Faults('the config')
    for file, name in _unread(cfg, source, applied):
        with faults.gather():
            _check(cfg, source, file, name)
    faults.raise_all()


def _unread(cfg: Config, source: Source, applied: Set[str]) -> Iterator[tuple]:
    known = known_keys(cfg)
    inherited: Dict[str, Set[str]] = {source.path: set()}  # what descendants read of a file
    for file in source.below():
        wanted = inherited[file.path]
        for base in file.bases:
            inherited.setdefault(base.path, set()).update(wanted | file.referred)
        if file.is_shipped:
            continue
        used = known.union(file.places, wanted, file.referred if file.is_lazy else ())
        for name in dict.fromkeys(file.assigned):
            if name not in used and name not in applied and (
                    (file is source and not file.is_written_out) or _is_meant(name, file, known)):
                yield file, name


def _is_meant(name: str, file: Source, known: Set[str]) -> bool:
    """Whether a name of a base or of a written-out config must be meant as a setting."""
    if file.is_written_out and name not in OLD_KEYS:
        return False
    overrides = any(name in base.assigned for below in file.bases for base in below.below())
    return name in OLD_KEYS or overrides or nearest(name, known, _MISSPELT) is not None


def _check(cfg: Config, source: Source, file: Source, name: str) -> None:
    where = osp.relpath(file.path) if file.path.startswith(osp.abspath('.')) else file.path
    old = new_place(name)
    if old is not None:
        if file.is_written_out and old.key and look_up(cfg, old.key)[0]:
            return
        raise UserError(f'{name} in {where} is a key of mmdet 2, which nothing reads.\n'
                        f'{old.advice()}')
    places = find_places(name, cfg, source)
    if _holds_anyway(cfg, file, name, places):
        return
    raise UserError('\n'.join([
        f'{name} is set in {where}, but nothing reads it' + _reason(places),
        _advice(name, places, file),
        f'If code of your own reads it from the config, add {EXTRA} = [{name!r}].']))


def _holds_anyway(cfg: Config, file: Source, name: str, places: Places) -> bool:
    """Whether the file only repeats what it inherits, or what holds at all places."""
    value = cfg.get(name)
    if places.keys and all(look_up(cfg, key) == (True, value) for key in places.keys):
        return True
    return places.copied and file.inherited(name) == value


def _reason(places: Places) -> str:
    if not places.copied:
        return '.'
    return (': the file that it inherits has put its own value into\n'
            f'{", ".join(places.keys)} already.')


def _advice(name: str, places: Places, file: Source) -> str:
    if not places.keys:
        return 'Remove it.'
    if '.' not in places.keys[0]:
        return f'Did you mean {places.keys[0]!r}?'
    joined = ' and ' if places.copied else ' or '
    return f'Write {joined.join(as_setting(key, name, file) for key in places.keys)}.'


def as_setting(key: str, value: str, file: Source) -> str:
    """How a config file sets a dotted key.

    Args:
        key: The key.
        value: What to write as its value.
        file: The file, whose way of inheriting counts.
    """
    parts: List[str] = key.split('.')
    if file.is_lazy:
        return f'{key} = {value}'
    if not file.path.endswith('.py') or any(part.isdigit() for part in parts):
        return f'{key} = {value} (as it is nested there)'
    text = value
    for part in reversed(parts[1:]):
        text = f'dict({part}={text})'
    return f'{parts[0]} = {text}'
