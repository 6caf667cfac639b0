"""Whether every component of a config exists and takes the arguments that it is given."""
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mmengine.config import Config

from fcos_mm.config.checks import lookup
from fcos_mm.config.checks.packages import missing_package, missing_scope
from fcos_mm.config.checks.parts import Part, parts
from fcos_mm.config.checks.signatures import accepted_arguments, module_texts
from fcos_mm.config.nearest import did_you_mean
from fcos_mm.config.old_names import OLD_ARGUMENTS, OLD_TYPES
from fcos_mm.errors import shorten
from fcos_mm.faults import Faults

# Keys beside the arguments: read by who builds the component.
_ALWAYS = {'type', '_scope_'}
_BESIDE = {
    'HOOKS': {'priority'},
    'PARAM_SCHEDULERS': {'convert_to_iter_based'},
    'OPTIM_WRAPPERS': {'constructor', 'paramwise_cfg', 'optimizer'},
    'WEIGHT_INITIALIZERS': {'override', 'name'},
}
_BESIDE_KEYS = {
    'norm_cfg': {'requires_grad'},
    'upsample_cfg': {'scale_factor'},
    'train_cfg': {'by_epoch', 'max_epochs', 'max_iters'},  # loops.py has more to say on them
}

# A `type` under these keys names no component, but something else or a function of mmcv.ops.
_OPERATORS = ('nms', 'dqs_cfg', 'roi_layer')
_MODES = re.compile(r'(adapt_cfg|\w+_trans)$')

# What is built where no type is given; everything else needs one.
_DEFAULT_TYPES = {'val_cfg': 'ValLoop', 'test_cfg': 'TestLoop', 'log_processor': 'LogProcessor',
                  'optim_wrapper': 'OptimWrapper'}
_NEEDS_TYPE = {'MODELS', 'HOOKS', 'DATASETS', 'TRANSFORMS', 'DATA_SAMPLERS', 'OPTIMIZERS',
               'PARAM_SCHEDULERS', 'METRICS', 'VISUALIZERS', 'VISBACKENDS'}
_LIBRARIES = {'fcos_mm', 'mmdet', 'mmengine', 'mmcv', 'torch'}
_SHOWN = 12  # arguments that a message lists


class _Finding(NamedTuple):
    key: str
    text: str


def check_components(cfg: Config, mode: str, old_types: Mapping[str, str] = OLD_TYPES) -> None:
    """Check types and arguments of everything that will be built, without building it.

    Args:
        cfg: The config.
        mode: ``'train'`` or ``'test'``.
        old_types: Names of mmdet 2 and what replaces them.

    Raises:
        UserError: If a ``type`` is not registered, needs a package that is
            not installed, or is given an argument that it does not take.
    """
    faults = Faults('the config')
    found: dict[str, list[str]] = {}
    for part in parts(cfg, mode):
        for key, text in _findings(part, old_types):
            found.setdefault(text, []).append(key)
    for text, keys in found.items():
        others = f' (and {len(keys) - 1} more like it)' if len(keys) > 1 else ''
        faults.messages.append(f'{keys[0]}{others}: {text}')
    faults.raise_all()


def _findings(part: Part, old_types: Mapping[str, str]) -> Iterator[_Finding]:
    name = part.type or _default_type(part)
    if name is None:
        yield from _missing_type(part)
        return
    components = lookup.find(name, part.scope, part.room)
    package = missing_package(str(name)) if isinstance(name, str) else None
    if package is not None and (not components or _all_of_libraries(components)):
        yield _Finding(f'{part.key}.type', f'{name!r} needs the package {package.module}, which '
                       f'is not installed: pip install {package.source}')
    elif components:
        yield from _unknown_arguments(part, components)
    else:
        yield from _unknown_type(part, name, old_types)


def _default_type(part: Part) -> str | None:
    if part.key == 'train_cfg' and 'by_epoch' in part.cfg:
        return 'EpochBasedTrainLoop' if part.cfg['by_epoch'] else 'IterBasedTrainLoop'
    if part.room == 'EVALUATOR':
        return 'Evaluator'
    return _DEFAULT_TYPES.get(part.key)


def _missing_type(part: Part) -> Iterator[_Finding]:
    if part.key == 'train_cfg':
        yield _Finding(part.key, 'it says neither type nor by_epoch. Add '
                       "type='EpochBasedTrainLoop' or type='IterBasedTrainLoop'.")
    elif part.room in _NEEDS_TYPE and part.cfg:
        noun = lookup.ROOMS[part.room].name
        yield _Finding(part.key, f'this {noun} has no type, its keys are '
                       f'{", ".join(map(str, part.cfg))}.'
                       f'{did_you_mean("type", [str(key) for key in part.cfg])}\n'
                       'Add the type, or the key under which the base config has one.')


def _unknown_type(part: Part, name: Any, old_types: Mapping[str, str]) -> Iterator[_Finding]:
    key = f'{part.key}.type'
    last = _last_name(part.key)
    if last in _OPERATORS:
        if not _is_operator(name):
            yield _Finding(key, f'mmcv.ops has no {shorten(name)}.'
                           f'{did_you_mean(str(name), _operators(last))}')
        return
    if _MODES.match(last) or (part.room is None and not _is_of_library(part)):
        return
    if not isinstance(name, str):
        yield _Finding(key, f'{shorten(name)} is no name of a component.')
        return
    package = missing_scope(name)
    if package is not None:
        yield _Finding(key, f'{name!r} needs the package {package.module}, which is not '
                       f'installed: pip install {package.source}')
        return
    plain = name.rpartition('.')[2]
    if plain in old_types:
        yield _Finding(key, f'{name!r} is a name of mmdet 2. Instead: {old_types[plain]}.')
        return
    yield _Finding(key, _not_registered(part, name))


def _not_registered(part: Part, name: str) -> str:
    noun = lookup.ROOMS[part.room].name if part.room else 'component'
    elsewhere = [key for key in lookup.ROOMS if lookup.find(name, part.scope, key)]
    if elsewhere:
        return (f'{name!r} is not registered as {noun}, but as '
                f'{lookup.ROOMS[elsewhere[0]].name}: it cannot stand here.')
    guess = did_you_mean(name.rpartition('.')[2], lookup.names(part.scope, part.room))
    return (f'no {noun} {name!r} is registered.{guess}\n'
            'A class of your own has to be imported: custom_imports=dict(imports=[...]).')


def _unknown_arguments(part: Part, components: list[Any]) -> Iterator[_Finding]:
    unknown, component = _left_over(part, components)
    for name in sorted(unknown):
        known = accepted_arguments(component)
        yield _Finding(f'{part.key}.{name}', _no_argument(component, name, known))


def _left_over(part: Part, components: list[Any]) -> tuple[set[str], Any]:
    """The arguments that none of the candidates takes, and the nearest candidate."""
    given = {str(key) for key in part.cfg} - _ALWAYS - _BESIDE.get(part.room, set())
    given -= _BESIDE_KEYS.get(_last_name(part.key), set())
    best: tuple[set[str], Any] | None = None
    for component in components:
        known = accepted_arguments(component)
        unknown = set() if known is None else given - known
        if best is None or len(unknown) < len(best[0]):
            best = unknown, component
    unknown, component = best
    if unknown and part.owner is not None:
        unknown = {name for name in unknown if not _is_read_by_owner(part, name)}
    return unknown, component


def _is_read_by_owner(part: Part, name: str) -> bool:
    """Whether the class around takes the argument out before it builds: its code names it."""
    return any(f"'{name}'" in text for owner in lookup.find(part.owner, part.scope)
               for text in module_texts(owner))


def _no_argument(component: Any, name: str, known: set[str]) -> str:
    title = getattr(component, '__name__', str(component))
    text = f'{title} has no argument {name!r}.'
    if name == '_delete_':
        return 'there is nothing in the base that _delete_ could replace. Leave it out.'
    if name in OLD_ARGUMENTS:
        return f'{text} Since mmdet 3: {OLD_ARGUMENTS[name]}.'
    guess = did_you_mean(name, known)
    if guess:
        return text + guess
    names = sorted(known)
    more = f' and {len(names) - _SHOWN} more' if len(names) > _SHOWN else ''
    return f'{text} It takes {", ".join(names[:_SHOWN])}{more}.' if names else text


def _is_of_library(part: Part) -> bool:
    owners = lookup.find(part.owner, part.scope) if part.owner is not None else []
    return bool(owners) and _all_of_libraries(owners)


def _all_of_libraries(components: list[Any]) -> bool:
    return all(getattr(component, '__module__', '').split('.')[0] in _LIBRARIES
               for component in components)


def _last_name(key: str) -> str:
    return next(name for name in reversed(key.split('.')) if not name.isdigit())


def _is_operator(name: Any) -> bool:
    from mmcv import ops
    return callable(name) or hasattr(ops, str(name))


def _operators(key: str) -> list[str]:
    from mmcv import ops
    wanted = 'roi' if key == 'roi_layer' else 'nms'
    return [name for name in vars(ops) if wanted in name.lower()]
