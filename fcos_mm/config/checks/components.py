"""Check that all components of a config exist and accept their arguments."""
import re
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

from fcos_mm import registry
from fcos_mm.config.checks import lookup
from fcos_mm.config.checks.packages import missing_package, missing_scope
from fcos_mm.config.checks.parts import Part, parts
from fcos_mm.config.checks.signatures import accepted_arguments, module_texts
from fcos_mm.config.nearest import did_you_mean
from fcos_mm.config.old_names import OLD_ARGUMENTS, OLD_TYPES
from fcos_mm.errors import shorten
from fcos_mm.faults import first_few

# Keys beside the arguments: read by who builds the component.
_ALWAYS = {'type', '_scope_'}
_BESIDE = {
    registry.HOOKS: {'priority'},
    registry.PARAM_SCHEDULERS: {'convert_to_iter_based'},
    registry.OPTIM_WRAPPERS: {'constructor', 'paramwise_cfg', 'optimizer'},
    registry.WEIGHT_INITIALIZERS: {'override', 'name'},
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
_NEEDS_TYPE = {
    registry.MODELS, registry.HOOKS, registry.DATASETS, registry.TRANSFORMS,
    registry.DATA_SAMPLERS, registry.OPTIMIZERS, registry.PARAM_SCHEDULERS, registry.METRICS,
    registry.VISUALIZERS, registry.VISBACKENDS}
_SHOWN = 12  # number of arguments that a message lists


def component_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Find types that do not exist or need a missing package, and arguments nobody takes."""
    found: dict[str, list[str]] = {}
    for part in parts(cfg, mode):
        for key, text in _faults(part):
            found.setdefault(text, []).append(key)
    for text, keys in found.items():
        others = f' (and {len(keys) - 1} more like it)' if len(keys) > 1 else ''
        yield f'{keys[0]}{others}: {text}'


def _faults(part: Part) -> Iterator[tuple[str, str]]:
    """Keys and what is wrong there."""
    name, key = part.cfg.get('type') or _default_type(part), f'{part.key}.type'
    if name is None:
        if text := _missing_type(part):
            yield part.key, text
        return
    components = lookup.find(name, part.scope, part.registry)
    missing = missing_package(name) if isinstance(name, str) else None
    if missing is not None and all(map(lookup.is_of_library, components)):
        yield key, missing
    elif components:
        unknown, component = _unknown_arguments(part, components)
        for argument in sorted(unknown):
            yield f'{part.key}.{argument}', _no_argument(component, argument)
    elif text := _unknown_type(part, name):
        yield key, text


def _default_type(part: Part) -> str | None:
    if part.key == 'train_cfg' and 'by_epoch' in part.cfg:
        return 'EpochBasedTrainLoop' if part.cfg['by_epoch'] else 'IterBasedTrainLoop'
    return 'Evaluator' if part.registry is registry.EVALUATOR else _DEFAULT_TYPES.get(part.key)


def _missing_type(part: Part) -> str | None:
    if part.key == 'train_cfg':
        return ("it says neither type nor by_epoch. Add type='EpochBasedTrainLoop' or "
                "type='IterBasedTrainLoop'.")
    if part.registry not in _NEEDS_TYPE or not part.cfg:
        return None
    keys = [str(key) for key in part.cfg]
    return (f'this {part.registry.name} has no type, its keys are {", ".join(keys)}.'
            f'{did_you_mean("type", keys)}\n'
            'Add the type, or nest the keys as in the base config.')


def _unknown_type(part: Part, name: Any) -> str | None:
    """Why a type is found nowhere; None where it need not be a component."""
    last = _last_name(part.key)
    if last in _OPERATORS:
        return _unknown_operator(last, name)
    owners = lookup.find(part.owner, part.scope) if part.owner is not None else []
    by_library = owners and all(map(lookup.is_of_library, owners))
    if _MODES.match(last) or (part.registry is None and not by_library):
        return None
    if not isinstance(name, str):
        return f'{shorten(name)} is not the name of a component.'
    if missing := missing_scope(name):
        return missing
    plain = name.rpartition('.')[2]
    if plain in OLD_TYPES:
        return f'{name!r} is a name of mmdet 2. Instead: {OLD_TYPES[plain]}.'
    noun = part.registry.name if part.registry is not None else 'component'
    for kind in lookup.ROOTS:
        if lookup.find(name, part.scope, kind):
            return (f'{name!r} is not registered as {noun}, but as {kind.name}: it cannot be used '
                    'here.')
    return (f'no {noun} {name!r} is registered.'
            f'{did_you_mean(plain, lookup.names(part.scope, part.registry))}\n'
            'Import your own class with custom_imports=dict(imports=[...]).')


def _unknown_operator(key: str, name: Any) -> str | None:
    from mmcv import ops
    if callable(name) or hasattr(ops, str(name)):
        return None
    wanted = 'roi' if key == 'roi_layer' else 'nms'
    known = [name for name in vars(ops) if wanted in name.lower()]
    return f'mmcv.ops has no {shorten(name)}.{did_you_mean(str(name), known)}'


def _unknown_arguments(part: Part, components: list[Any]) -> tuple[set[str], Any]:
    """The arguments that none of the candidates takes, and the nearest candidate."""
    given = {str(key) for key in part.cfg} - _ALWAYS - _BESIDE.get(part.registry, set())
    given -= _BESIDE_KEYS.get(_last_name(part.key), set())
    left_over = []
    for component in components:
        known = accepted_arguments(component)
        left_over.append((set() if known is None else given - known, component))
    unknown, component = min(left_over, key=lambda candidate: len(candidate[0]))
    if unknown and part.owner is not None:  # may pop the argument: then its module names it
        texts = [text for owner in lookup.find(part.owner, part.scope)
                 for text in module_texts(owner)]
        unknown = {name for name in unknown if not any(f"'{name}'" in text for text in texts)}
    return unknown, component


def _no_argument(component: Any, name: str) -> str:
    known = sorted(accepted_arguments(component))
    text = f'{getattr(component, "__name__", component)} has no argument {name!r}.'
    if name == '_delete_':
        return 'the base has nothing that _delete_ could replace. Remove _delete_.'
    if name in OLD_ARGUMENTS:
        return f'{text} Since mmdet 3: {OLD_ARGUMENTS[name]}.'
    if guess := did_you_mean(name, known):
        return text + guess
    return f'{text} It takes {first_few(known, _SHOWN)}.' if known else text


def _last_name(key: str) -> str:
    return next(name for name in reversed(key.split('.')) if not name.isdigit())
