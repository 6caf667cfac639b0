"""Whether each section of a config is a dict, or a list of dicts, where one is needed."""
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

from fcos_mm.config.checks.parts import live_sections
from fcos_mm.errors import shorten
from fcos_mm.faults import Faults

_LISTS = ('val_evaluator', 'test_evaluator', 'param_scheduler', 'custom_hooks')
_SETTINGS = ('randomness', 'env_cfg', 'auto_scale_lr', 'default_hooks')
_INSIDE = {'loader': ('dataset', 'sampler', 'batch_sampler'),
           'wrapper': ('optimizer', 'clip_grad', 'paramwise_cfg')}


def check_kinds(cfg: Config, mode: str) -> None:
    """Check that what is read as a dict is one.

    Args:
        cfg: The config.
        mode: ``'train'`` or ``'test'``.

    Raises:
        UserError: If a section or a part of it is something else.
    """
    faults = Faults('the config')
    for key, value, lists in _parts(cfg, mode):
        entries = value if lists and isinstance(value, (list, tuple)) else [value]
        if any(entry is not None and not isinstance(entry, dict) for entry in entries):
            kind = 'a dict, or a list of dicts' if lists else 'a dict'
            faults.messages.append(_describe(key, value, kind))
    scope = cfg.get('default_scope')
    if scope is not None and (not isinstance(scope, str) or not scope.isidentifier()):
        faults.messages.append(f'default_scope={shorten(scope)}: it must be a name such as '
                               "'fcos_mm'.")
    faults.raise_all()


def _describe(key: str, value: Any, kind: str) -> str:
    if key.endswith('_dataloader.dataset') and isinstance(value, (list, tuple)):
        return (f'{key} is a list: a loader has one dataset.\n'
                f"Unite them: {key}=dict(type='ConcatDataset', datasets=[...]).")
    return f'{key}={shorten(value)}: it must be {kind}.'


def _parts(cfg: Config, mode: str) -> Iterator[tuple[str, Any, bool]]:
    """Key, value, and whether a list of dicts will do."""
    for name in (*live_sections(mode), *_SETTINGS):
        value = cfg.get(name)
        yield name, value, name in _LISTS
        if not isinstance(value, dict):
            continue
        inside = _INSIDE['loader'] if name.endswith('_dataloader') else (
            _INSIDE['wrapper'] if name == 'optim_wrapper' else ())
        for key in value if name == 'default_hooks' else inside:
            yield f'{name}.{key}', value.get(key), False
