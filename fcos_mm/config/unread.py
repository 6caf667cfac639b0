"""Find names that a config file sets and that nothing reads.

mmengine copies values to where they are used while it reads a file: a child that sets a
variable of its base again changes nothing by that.
"""
import os.path as osp
import re
from collections.abc import Iterator

from mmengine.config import Config

from fcos_mm.config.keys import EXTRA, known_keys, look_up
from fcos_mm.config.nearest import nearest
from fcos_mm.config.old_names import OLD_KEYS, new_place
from fcos_mm.config.places import Places, find_places, other_unit
from fcos_mm.config.settings import SETTINGS, applied_names, written_out
from fcos_mm.config.source import Source
from fcos_mm.faults import Faults

_MISSPELT = 0.9  # similarity above which a name in a base can only be a misspelt key


def check_unread(cfg: Config, source: Source) -> None:
    """Refuse what the user's own files set without any effect.

    In files that others inherit and in dumped configs only what is certainly meant as a
    setting counts; files of installed packages are not checked.

    Raises:
        UserError: For each name; it says where to set the value.
    """
    faults = Faults('the config')
    faults.messages += filter(None, (_fault(cfg, source, file, name)
                                     for file, name in _unread(cfg, source)))
    faults.raise_all()


def _unread(cfg: Config, source: Source) -> Iterator[tuple[Source, str]]:
    applied = applied_names(source)
    known = known_keys(cfg).difference(SETTINGS)
    inherited: dict[str, set[str]] = {source.path: set()}  # what descendants read of a file
    for file in source.below():
        wanted = inherited[file.path]
        for base in file.bases:
            inherited.setdefault(base.path, set()).update(wanted | file.referred)
        if file.is_shipped:
            continue
        used = known.union(file.places, wanted, file.referred if file.is_lazy else (), applied)
        for name in dict.fromkeys(file.assigned):
            if name not in used and ((file is source and not file.is_written_out)
                                     or _is_meant(name, file, known)):
                yield file, name


def _is_meant(name: str, file: Source, known: set[str]) -> bool:
    """Whether a name of a base or of a written-out config must be meant as a setting."""
    if SETTINGS.keys() >= set(file.assigned):  # nothing that they could apply to
        return True
    if name in OLD_KEYS or file.is_written_out:
        return name in OLD_KEYS
    overrides = any(name in below.assigned for base in file.bases for below in base.below())
    return overrides or nearest(name, known, _MISSPELT) is not None


def _fault(cfg: Config, source: Source, file: Source, name: str) -> str | None:
    """What is wrong with a name that nothing reads; None if its value holds anyway."""
    where = osp.relpath(file.path) if file.path.startswith(osp.abspath('.')) else file.path
    old = new_place(name)
    if old is not None:
        if file.is_written_out and old.key and look_up(cfg, old.key)[0]:
            return None
        return f'{name} in {where} is a key of mmdet 2, which nothing reads.\n{old.advice()}'
    former = file.inherited(name)
    places = find_places(name, cfg, source, former)
    if _holds_anyway(cfg, name, places, former):
        return None
    if name in SETTINGS and not file.bases:
        return (f'{name} is set in {where}, which inherits nothing it could apply to.\n'
                'Set it in a file that inherits the model and the data.')
    if name in SETTINGS and (key := written_out(file, name)):
        return (f'{name} is set in {where}, and {key} as well: the explicit key '
                'would win.\nRemove one of them.')
    reason = (': the value in its base was copied to where it is used when the base was read.'
              if places.copied else '.')
    return (f'{name} is set in {where}, but nothing reads it{reason}\n'
            f'{_advice(cfg, name, places, file)}\n'
            f'If code of your own reads it from the config, add {EXTRA} = [{name!r}].')


def _holds_anyway(cfg: Config, name: str, places: Places, former) -> bool:
    """Whether the file repeats what it inherits or what holds at all places, or sets nothing."""
    value = cfg.get(name)
    if value is None and not places.copied:
        return True
    held = [look_up(cfg, key) == (True, value) for key in places.keys]
    if name in SETTINGS and (any(held) or value in [look_up(cfg, k)[1] for k in places.derived]):
        return True
    return bool(held) and all(held) or places.copied and former == value


def _advice(cfg: Config, name: str, places: Places, file: Source) -> str:
    if not places.keys:
        return other_unit(name, cfg) or 'Remove it.'
    if '.' not in places.keys[0]:
        return f'Did you mean {places.keys[0]!r}?'
    in_lists = [key for key in places.keys if not file.is_lazy and re.search(r'\.\d+\b', key)]
    others = [_as_setting(key, name, file) for key in places.keys if key not in in_lists]
    return places.advice(others, in_lists)


def _as_setting(key: str, value: str, file: Source) -> str:
    """How a file of this kind sets a dotted key."""
    if file.is_lazy:
        indexed = re.sub(r'[.]([0-9]+)', r'[\1]', key)
        return f'{indexed} = {value}'
    if not file.path.endswith('.py'):
        return key
    first, *inner = key.split('.')
    for part in reversed(inner):
        value = f'dict({part}={value})'
    return f'{first} = {value}'
