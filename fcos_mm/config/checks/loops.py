"""Check that the loops of a config are complete, end, and count in one unit."""
from collections.abc import Iterator
from typing import Any

from mmdet.datasets.samplers import MultiSourceSampler
from mmengine.config import Config
from mmengine.dataset import InfiniteSampler
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop

from fcos_mm.config.checks.lookup import is_a, scope_of
from fcos_mm.config.checks.parts import loaders
from fcos_mm.config.keys import is_number, value_at
from fcos_mm.errors import shorten
from fcos_mm.faults import Note
from fcos_mm.registry import DATA_SAMPLERS, HOOKS, LOOPS

_TRIOS = (('train_dataloader', 'train_cfg', 'optim_wrapper'),
          ('val_dataloader', 'val_cfg', 'val_evaluator'),
          ('test_dataloader', 'test_cfg', 'test_evaluator'))
_UNITS = {'max_epochs': ('epochs', EpochBasedTrainLoop),
          'max_iters': ('iterations', IterBasedTrainLoop)}
_MANY_VALIDATIONS = 1000  # in one training


def training_length(cfg: Config) -> tuple[str | None, Any]:
    """``'max_epochs'`` or ``'max_iters'``, by the kind of the loop, and its value.

    Twice None for a loop of another kind.
    """
    loop = cfg.get('train_cfg')
    if not isinstance(loop, dict):
        return None, None
    if loop.get('type') is None and 'by_epoch' in loop:
        key = 'max_epochs' if loop['by_epoch'] else 'max_iters'
        return key, loop.get(key)
    for key, (_, kind) in _UNITS.items():
        if is_a(loop.get('type'), scope_of(cfg), LOOPS, kind):
            return key, loop.get(key)
    return None, None


def loop_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Find loops with a part missing, of a wrong length or unit, or that would not end."""
    for trio in _TRIOS:
        missing = [key for key in trio if cfg.get(key) is None]
        if 0 < len(missing) < 3:
            there = [key for key in trio if key not in missing]
            yield (f'{" and ".join(there)} without {" and ".join(missing)}: {", ".join(trio)} '
                   'belong together.\nSet what is missing, or all of them to None.')
        elif missing and trio[1] == f'{mode}_cfg':
            yield f'This config cannot {mode}: it has no {", ".join(trio)}.'
    yield from _endless(cfg, mode)
    if mode == 'train' and isinstance(cfg.get('train_cfg'), dict):
        yield from _wrong_length(cfg)
        if training_length(cfg)[0] == 'max_iters':
            yield from _epochs_among_iterations(cfg)


def _endless(cfg: Config, mode: str) -> Iterator[str]:
    for name, loader in loaders(cfg, mode):
        sampler = value_at(loader, 'sampler.type')
        if not is_a(sampler, scope_of(cfg), DATA_SAMPLERS, InfiniteSampler, MultiSourceSampler):
            continue
        if name != 'train_dataloader':
            yield (f"{name}.sampler.type='{sampler}' never ends, and a validation or test waits "
                   f"for its end.\nSet {name}.sampler=dict(type='DefaultSampler', shuffle=False, "
                   '_delete_=True).')
        elif training_length(cfg)[0] == 'max_epochs':
            yield (f"train_dataloader.sampler.type='{sampler}' never ends, and "
                   f"train_cfg.type={str(value_at(cfg, 'train_cfg.type'))!r} waits for the end of "
                   "an epoch.\nSet train_dataloader.sampler.type='DefaultSampler', or count "
                   "iterations: train_cfg=dict(type='IterBasedTrainLoop', max_iters=..., "
                   'val_interval=..., _delete_=True).')


def _wrong_length(cfg: Config) -> Iterator[str]:
    loop = cfg.train_cfg
    key, length = training_length(cfg)
    if 'type' in loop and 'by_epoch' in loop:
        yield (f'train_cfg.by_epoch={loop.by_epoch}: train_cfg.type={str(loop.type)!r} already '
               'determines this, and only one may be set. Remove by_epoch.')
    if key is None:
        return
    other = 'max_iters' if key == 'max_epochs' else 'max_epochs'
    if other in loop:
        yield _other_unit(loop, key, other)
    elif length is None:
        yield f'train_cfg has no {key}. Set how long to train.'
    if length is not None and not _is_count(length):
        yield f'train_cfg.{key}={shorten(length)}: it must be a whole number of 1 or more.'
    interval = loop.get('val_interval')
    if interval is not None and not _is_count(interval):
        yield (f'train_cfg.val_interval={shorten(interval)}: it must be a whole number of 1 or '
               'more. Without validation: val_dataloader=None, val_cfg=None, val_evaluator=None.')


def _other_unit(loop: dict, key: str, other: str) -> str:
    (unit, kind), (other_unit, other_kind) = _UNITS[key], _UNITS[other]
    beside = f' beside {key}={loop[key]}' if key in loop else ''
    return (f'train_cfg.{other}={loop[other]}{beside}: this training counts {unit} '
            f'({kind.__name__}).\n'
            f'Set train_cfg.{key} and remove {other}; to remove one set by a base config, write '
            f'train_cfg=dict(type={kind.__name__!r}, {key}=..., _delete_=True).\n'
            f'To count {other_unit}: train_cfg=dict(type={other_kind.__name__!r}, '
            f'{other}={loop[other]}, _delete_=True), with param_scheduler, '
            'default_hooks.checkpoint and train_dataloader.sampler to fit.')


def _epochs_among_iterations(cfg: Config) -> Iterator[str]:
    hook, length = value_at(cfg, 'default_hooks.checkpoint') or {}, cfg.train_cfg.get('max_iters')
    if (is_a(hook.get('type'), scope_of(cfg), HOOKS, CheckpointHook)
            and hook.get('by_epoch', True) and _is_count(hook.get('interval'))):
        yield (f'default_hooks.checkpoint saves every {hook["interval"]} epoch(s), and '
               f'train_cfg.type={str(cfg.train_cfg.get("type"))!r} has no epochs.\n'
               'Set default_hooks.checkpoint.by_epoch=False and its interval in iterations.')
    interval = cfg.train_cfg.get('val_interval', 1000)
    if (cfg.get('val_cfg') is not None and _is_count(interval) and _is_count(length)
            and length // interval > _MANY_VALIDATIONS):
        yield Note(f'train_cfg.val_interval={interval} counts iterations: {length} iterations '
                   f'have {length // interval} validations.')
    if value_at(cfg, 'log_processor.by_epoch'):
        yield Note('log_processor.by_epoch=True, but the training counts iterations: the log will '
                   'count epochs that do not exist. Set log_processor.by_epoch=False.')


def _is_count(value: Any) -> bool:
    return is_number(value) and value >= 1 and int(value) == value
