"""Names that a config file sets and that nothing reads.

While a file is read its values are copied to where they are used. A child that sets a
variable of its base again, or a key that does not exist, changes nothing by that.
"""
import os.path as osp
import re
from collections.abc import Iterator

from mmengine.config import Config

from fcos_mm.config.known_keys import APPLIED, EXTRA, known_keys
from fcos_mm.config.nearest import nearest
from fcos_mm.config.old_names import OLD_KEYS, new_place
from fcos_mm.config.places import Places, find_places, look_up, other_unit
from fcos_mm.config.source import Source
from fcos_mm.errors import UserError
from fcos_mm.faults import Faults

_MISSPELT = 0.9  # similarity above which a name in a base can only be a misspelt key


def check_unread(cfg: Config, source: Source, applied: set[str]) -> None:
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


def _unread(cfg: Config, source: Source, applied: set[str]) -> Iterator[tuple]:
    known = known_keys(cfg) - set(APPLIED)
    inherited: dict[str, set[str]] = {source.path: set()}  # what descendants read of a file
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


def _is_meant(name: str, file: Source, known: set[str]) -> bool:
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
    former = file.inherited(name)
    places = find_places(name, cfg, source, former)
    if _holds_anyway(cfg, name, places, former):
        return
    reason = (': the value in its base was copied to where it is used when the base was read.'
              if places.copied else '.')
    advice = _advice(cfg, name, places, file)
    raise UserError(
        f'{name} is set in {where}, but nothing reads it{reason}\n{advice}\n'
        f'If code of your own reads it from the config, add {EXTRA} = [{name!r}].')


def _holds_anyway(cfg: Config, name: str, places: Places, former) -> bool:
    """Whether the file repeats what it inherits or what holds at all places, or sets nothing."""
    value = cfg.get(name)
    if value is None and not places.copied:
        return True
    if name in APPLIED and any(look_up(cfg, key)[1] == value
                               for key in (*places.keys, *places.derived)):
        return True
    if places.keys and all(look_up(cfg, key) == (True, value) for key in places.keys):
        return True
    return places.copied and former == value


def _advice(cfg: Config, name: str, places: Places, file: Source) -> str:
    if not places.keys:
        return other_unit(name, cfg) or 'Remove it.'
    if '.' not in places.keys[0]:
        return f'Did you mean {places.keys[0]!r}?'
    in_lists = [key for key in places.keys if _is_in_list(key) and not file.is_lazy]
    others = [as_setting(key, name, file) for key in places.keys if key not in in_lists]
    words = []
    if others:
        words.append('Write ' + (' and ' if places.copied else ' or ').join(others) + '.')
    if in_lists:
        words.append(f'Set {", ".join(in_lists)}: a child writes such a list as a whole.')
    if places.derived:
        words.append(f'Adapt as well: {", ".join(places.derived)}.')
    return ' '.join(words)


def _is_in_list(key: str) -> bool:
    return any(part.isdigit() for part in key.split('.'))


def as_setting(key: str, value: str, file: Source) -> str:
    """How a config file sets a dotted key.

    Args:
        key: The key.
        value: What to write as its value.
        file: The file, whose way of inheriting counts.
    """
    if file.is_lazy:
        indexed = re.sub(r'[.]([0-9]+)', r'[\1]', key)
        return f'{indexed} = {value}'
    if not file.path.endswith('.py'):
        return key
    first, *inner = key.split('.')
    for part in reversed(inner):
        value = f'dict({part}={value})'
    return f'{first} = {value}'
