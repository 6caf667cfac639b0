"""Merge the options of the command line into a config."""
from mmengine.config import Config

from fcos_mm.config.keys import EXTRA, known_keys, look_up
from fcos_mm.config.nearest import nearest
from fcos_mm.config.old_names import OLD_ARGUMENTS, new_place
from fcos_mm.config.places import Places, find_places, other_unit
from fcos_mm.config.settings import apply_options
from fcos_mm.config.source import Source
from fcos_mm.errors import UserError
from fcos_mm.faults import Faults

_MISSPELT = 0.85  # similarity above which a new key beside another is that key, misspelt
_FREE = ('custom_keys', 'meta_keys', 'data_prefix')  # their keys are names of the user's


def merge_options(cfg: Config, options: dict, source: Source | None = None) -> None:
    """Put options by dotted keys into a config, in place; see :func:`apply_options`.

    The config's file, ``source``, tells where the value of a variable was copied.

    Raises:
        UserError: If an option leads to nothing that is read, or does not fit.
    """
    faults = Faults('--cfg-options')
    for key, value in options.items():
        with faults.gather():
            _check(cfg, key, value, source)
    faults.raise_all()
    try:
        cfg.merge_from_dict(_set_elements(cfg, apply_options(cfg, options)))
    except (KeyError, TypeError, IndexError, AssertionError) as error:
        raise UserError(
            f'--cfg-options does not fit {cfg.filename}: {error}\n'
            'Write the keys as they are nested in the config, e.g. '
            'train_dataloader.batch_size=4.') from error


def _set_elements(cfg: Config, options: dict) -> dict:
    """Set elements of lists, which mmengine can only do for dictionaries; returns the rest."""
    rest = {}
    for key, value in options.items():
        outer, _, index = key.rpartition('.')
        there, container = look_up(cfg, outer)
        if (there and isinstance(container, list) and look_up(cfg, key)[0]
                and not isinstance(value, dict)):
            container[int(index)] = value
        else:
            rest[key] = value
    return rest


def _check(cfg: Config, key: str, value, source: Source | None) -> None:
    old = new_place(key)
    if old is not None and not look_up(cfg, key)[0]:
        raise UserError(f'--cfg-options {key}={value}: a key of mmdet 2, which nothing reads.\n'
                        f'{old.advice(str(value))}')
    if key.split('.')[0] not in known_keys(cfg):
        _refuse(cfg, key, value, source)
    _check_inner(cfg, key, value)


def _refuse(cfg: Config, key: str, value, source: Source | None) -> None:
    root, _, inner = key.partition('.')
    places = find_places(root, cfg, source, cfg.get(root))
    meant = nearest(root, known_keys(cfg), _MISSPELT)
    if places.copied:
        reason = ('its value was copied to where it is used when the config was read, and nothing '
                  'reads it afterwards.')
    else:
        reason = f'nothing reads {root}.'
        if inner:
            places = find_places(key.rpartition('.')[2], cfg)
        if meant is not None:
            places = Places([meant])
    tail = f'.{inner}' if inner and (places.copied or meant is not None) else ''
    written = [f'{place}{tail}={value}' for place in places.keys]
    raise UserError('\n'.join([
        f'--cfg-options {key}={value}: {reason}',
        places.advice(written) if written else other_unit(root, cfg) or 'Leave it out.',
        f'If code of your own reads it, write {EXTRA} = [{root!r}] into the config.']))


def _check_inner(cfg: Config, key: str, value) -> None:
    """Refuse a key that leads into a value without parts, or that is one beside it, misspelt.

    Whether the arguments of a ``type`` exist is checked where the types are looked up.
    """
    parts = key.split('.')
    for depth, part in enumerate(parts[1:], start=1):
        outer = '.'.join(parts[:depth])
        there, container = look_up(cfg, outer)
        if there and not isinstance(container, (dict, list)):
            raise UserError(f'--cfg-options {key}={value}: {outer} is {container!r}, which has no '
                            f'parts to set.\nGive {outer} as a whole, a sequence as '
                            f'{outer}="[a,b]"; for a dictionary write a config that inherits '
                            'this one.')
        if not isinstance(container, dict) or part in container:
            continue
        if 'type' in container or parts[depth - 1] in _FREE:
            return
        meant = OLD_ARGUMENTS.get(part) or _misspelt(part, container)
        if meant is not None:
            raise UserError(f'--cfg-options {key}={value}: {outer} has no {part!r}.\n'
                            f'Write {".".join([outer, meant, *parts[depth + 1:]])}={value}.')


def _misspelt(name: str, known) -> str | None:
    """The known name that is meant; names that differ in their digits are others."""
    found = nearest(name, [str(other) for other in known], _MISSPELT)
    letters = [''.join(mark for mark in word if not mark.isdigit()) for word in (name, found or '')]
    return found if letters[0] != letters[1] else None
