"""The parts of a config that become objects, with the registry that each is built from."""
from collections.abc import Iterator
from typing import Any, NamedTuple

from mmengine.config import Config

from fcos_mm.config.checks.lookup import find

#: Sections that a training and a test build, and the registry of what stands in them. A loader
#: and the list of default hooks are no components themselves.
_SECTIONS = {
    'model': (('train', 'test'), 'MODELS'),
    'data_preprocessor': (('train', 'test'), 'MODELS'),
    'train_dataloader': (('train',), None),
    'val_dataloader': (('train',), None),
    'test_dataloader': (('test',), None),
    'train_cfg': (('train',), 'LOOPS'),
    'val_cfg': (('train',), 'LOOPS'),
    'test_cfg': (('test',), 'LOOPS'),
    'val_evaluator': (('train',), 'METRICS'),
    'test_evaluator': (('test',), 'METRICS'),
    'optim_wrapper': (('train',), 'OPTIM_WRAPPERS'),
    'param_scheduler': (('train',), 'PARAM_SCHEDULERS'),
    'default_hooks': (('train', 'test'), None),
    'custom_hooks': (('train', 'test'), 'HOOKS'),
    'visualizer': (('train', 'test'), 'VISUALIZERS'),
    'log_processor': (('train', 'test'), 'LOG_PROCESSORS'),
}
# Inside a section: the registry by the name of the key.
_KEYS = {
    'dataloader': {'dataset': 'DATASETS', 'datasets': 'DATASETS', 'pipeline': 'TRANSFORMS',
                   'transforms': 'TRANSFORMS', 'sampler': 'DATA_SAMPLERS',
                   'batch_sampler': 'DATA_SAMPLERS', 'collate_fn': 'FUNCTIONS',
                   'worker_init_fn': 'FUNCTIONS'},
    'evaluator': {'metrics': 'METRICS'},
    'wrapper': {'optimizer': 'OPTIMIZERS'},
    'visualizer': {'vis_backends': 'VISBACKENDS'},
}
_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


class Part(NamedTuple):
    """A dict of the config that is built, or is an argument of something that is.

    Attributes:
        key: Where it stands, dotted as for ``--cfg-options``.
        cfg: The dict.
        room: The registry that its ``type`` is looked up in; None if its
            place does not tell.
        owner: The ``type`` of the nearest dict around it.
        scope: The scope of its ``type``.
    """
    key: str
    cfg: dict
    room: str | None
    owner: Any
    scope: str

    @property
    def type(self) -> Any:
        """Any: What it says it is."""
        return self.cfg.get('type')


def live_sections(mode: str) -> tuple[str, ...]:
    """The sections that are built.

    Args:
        mode: ``'train'`` or ``'test'``.
    """
    return tuple(name for name, (modes, _) in _SECTIONS.items() if mode in modes)


def parts(cfg: Config, mode: str) -> Iterator[Part]:
    """Go through all that will be built.

    Args:
        cfg: The config.
        mode: ``'train'`` or ``'test'``.

    Yields:
        Every dict in the live sections, the outer before the inner ones.
    """
    scope = cfg.get('default_scope') or 'mmengine'
    for section in live_sections(mode):
        value, room = cfg.get(section), _SECTIONS[section][1]
        if section.endswith('_evaluator') and isinstance(value, dict) and 'metrics' in value:
            room = 'METRICS' if find(value.get('type'), scope, 'METRICS') else 'EVALUATOR'
        if section == 'default_hooks' and isinstance(value, dict):
            for name, hook in value.items():
                yield from _parts(hook, f'{section}.{name}', 'HOOKS', None, scope)
        else:
            yield from _parts(value, section, room, None, scope)


def loaders(cfg: Config, mode: str) -> Iterator[tuple[str, dict]]:
    """The data loaders that will be built.

    Args:
        cfg: The config.
        mode: ``'train'`` or ``'test'``.

    Yields:
        The name of the section, and the loader.
    """
    for name in live_sections(mode):
        if name in _LOADERS and isinstance(cfg.get(name), dict):
            yield name, cfg[name]


def _parts(value: Any, key: str, room: str | None, owner: Any, scope: str) -> Iterator[Part]:
    if isinstance(value, dict):
        if str(owner).endswith('Albu'):  # albumentations' own
            return
        scope = value.get('_scope_') or scope
        yield Part(key, value, room, owner, scope)
        owner = value.get('type', owner)
        for name, inner in value.items():
            inner_key = f'{key}.{name}'
            yield from _parts(inner, inner_key, _room_of(inner_key), owner, scope)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _parts(inner, f'{key}.{index}', room, owner, scope)


def _room_of(key: str) -> str | None:
    section, name = key.split('.')[0], key.split('.')[-1]
    if name in ('init_cfg', 'override'):
        return 'WEIGHT_INITIALIZERS'
    return _KEYS.get(section.split('_')[-1], {}).get(name)


def value_at(cfg: Any, key: str) -> Any | None:
    """What stands under a dotted key.

    Args:
        cfg: A config, or a part of one.
        key: The key; lists are not entered.

    Returns:
        The value; None if it is not there.
    """
    for name in key.split('.'):
        cfg = cfg.get(name) if isinstance(cfg, (dict, Config)) else None
    return cfg
