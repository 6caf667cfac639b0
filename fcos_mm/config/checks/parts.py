"""The parts of a config that are built, each with its registry."""
from collections.abc import Iterator
from typing import Any, NamedTuple

from mmengine.config import Config
from mmengine.registry import Registry

from fcos_mm import registry
from fcos_mm.config.checks.lookup import find, scope_of
from fcos_mm.config.datasets import LOADERS, several_datasets
from fcos_mm.errors import shorten

_BOTH = ('train', 'test')
# Sections that a training and a test build, and the registry of what stands in them. A loader
# and the list of default hooks are no components themselves.
_SECTIONS: dict[str, tuple[tuple[str, ...], Registry | None]] = {
    'model': (_BOTH, registry.MODELS),
    'data_preprocessor': (_BOTH, registry.MODELS),
    'train_dataloader': (('train',), None),
    'val_dataloader': (('train',), None),
    'test_dataloader': (('test',), None),
    'train_cfg': (('train',), registry.LOOPS),
    'val_cfg': (('train',), registry.LOOPS),
    'test_cfg': (('test',), registry.LOOPS),
    'val_evaluator': (('train',), registry.METRICS),
    'test_evaluator': (('test',), registry.METRICS),
    'optim_wrapper': (('train',), registry.OPTIM_WRAPPERS),
    'param_scheduler': (('train',), registry.PARAM_SCHEDULERS),
    'default_hooks': (_BOTH, None),
    'custom_hooks': (_BOTH, registry.HOOKS),
    'visualizer': (_BOTH, registry.VISUALIZERS),
    'log_processor': (_BOTH, registry.LOG_PROCESSORS),
}
# Inside a section, by the last word of its name: the registry by the name of the key.
_KEYS: dict[str, dict[str, Registry]] = {
    'dataloader': {
        **dict.fromkeys(('dataset', 'datasets'), registry.DATASETS),
        **dict.fromkeys(('pipeline', 'transforms'), registry.TRANSFORMS),
        **dict.fromkeys(('sampler', 'batch_sampler'), registry.DATA_SAMPLERS),
        **dict.fromkeys(('collate_fn', 'worker_init_fn'), registry.FUNCTIONS)},
    'evaluator': {'metrics': registry.METRICS},
    'wrapper': {'optimizer': registry.OPTIMIZERS},
    'visualizer': {'vis_backends': registry.VISBACKENDS},
}
_LISTS = ('val_evaluator', 'test_evaluator', 'param_scheduler', 'custom_hooks')
_SETTINGS = ('randomness', 'env_cfg', 'auto_scale_lr', 'default_hooks')
_DICTS = {'dataloader': ('dataset', 'sampler', 'batch_sampler'),
          'wrapper': ('optimizer', 'clip_grad', 'paramwise_cfg')}


class Part(NamedTuple):
    """A dict of the config that is built, or is an argument of something that is.

    Attributes:
        registry: Where its ``type`` is looked up; None if its place does not tell.
        owner: The ``type`` of the nearest dict around it.
        scope: The scope of its ``type``.
    """

    key: str
    cfg: dict
    registry: Registry | None
    owner: Any
    scope: str


def live_sections(mode: str) -> tuple[str, ...]:
    """The sections that a training or a test builds."""
    return tuple(name for name, (modes, _) in _SECTIONS.items() if mode in modes)


def loaders(cfg: Config, mode: str) -> Iterator[tuple[str, dict]]:
    """The names and configs of the data loaders that a training or a test builds."""
    for name in LOADERS[mode]:
        if isinstance(cfg.get(name), dict):
            yield name, cfg[name]


def parts(cfg: Config, mode: str) -> Iterator[Part]:
    """Every dict in the sections that a training or a test builds, outer before inner ones."""
    scope = scope_of(cfg)
    for section in live_sections(mode):
        value, kind = cfg.get(section), _SECTIONS[section][1]
        if section.endswith('_evaluator') and isinstance(value, dict) and 'metrics' in value:
            is_metric = find(value.get('type'), scope, registry.METRICS)
            kind = registry.METRICS if is_metric else registry.EVALUATOR
        if section == 'default_hooks' and isinstance(value, dict):
            for name, hook in value.items():
                yield from _parts(hook, f'{section}.{name}', registry.HOOKS, None, scope)
        else:
            yield from _parts(value, section, kind, None, scope)


def _parts(value: Any, key: str, kind: Registry | None, owner: Any, scope: str) -> Iterator[Part]:
    if isinstance(value, dict):
        if str(owner).endswith('Albu'):  # albumentations' own
            return
        scope = value.get('_scope_') or scope
        yield Part(key, value, kind, owner, scope)
        owner = value.get('type', owner)
        for name, inner in value.items():
            inner_key = f'{key}.{name}'
            yield from _parts(inner, inner_key, _registry_of(inner_key), owner, scope)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _parts(inner, f'{key}.{index}', kind, owner, scope)


def _registry_of(key: str) -> Registry | None:
    section, name = key.split('.')[0], key.split('.')[-1]
    if name in ('init_cfg', 'override'):
        return registry.WEIGHT_INITIALIZERS
    return _KEYS.get(section.split('_')[-1], {}).get(name)


def section_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Check that each section is a dict, or a list of dicts, where one is needed."""
    for name in (*live_sections(mode), *_SETTINGS):
        value = cfg.get(name)
        is_list = name in _LISTS and isinstance(value, (list, tuple))
        if not all(entry is None or isinstance(entry, dict)
                   for entry in (value if is_list else [value])):
            kind = 'a dict, or a list of dicts' if name in _LISTS else 'a dict'
            yield f'{name}={shorten(value)}: it must be {kind}.'
            continue
        inside = value if name == 'default_hooks' else _DICTS.get(name.split('_')[-1], ())
        for key in inside if value else ():
            part = value.get(key)
            if key == 'dataset' and isinstance(part, (list, tuple)):
                yield several_datasets(f'{name}.{key}')
            elif part is not None and not isinstance(part, dict):
                yield f'{name}.{key}={shorten(part)}: it must be a dict.'
    scope = cfg.get('default_scope')
    if scope is not None and (not isinstance(scope, str) or not scope.isidentifier()):
        yield f"default_scope={shorten(scope)}: it must be a name such as 'fcos_mm'."
