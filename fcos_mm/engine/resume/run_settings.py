"""The settings with which a checkpoint was written, and what has changed since."""
import math
from collections.abc import Iterator

from mmengine.dist import get_world_size
from mmengine.runner import EpochBasedTrainLoop

from fcos_mm.errors import UserError

# They say where a run writes and how it starts, not what it computes.
_PLACES = ('work_dir', 'resume', 'load_from', 'launcher', 'model_wrapper_cfg', 'randomness')
# A checkpoint holds these settings, and mmengine continues with what it holds.
_HELD = ('optim_wrapper.optimizer', 'optim_wrapper.paramwise_cfg', 'param_scheduler')
_LENGTHS = ('train_cfg.max_epochs', 'train_cfg.max_iters')
_COUNTS = ('processes', 'batch_size', 'images')
_MAX_SHOWN = 12
_ROUNDED = 0.01  # so far from the end of a run a schedule may be and still end with it


def run_settings(runner) -> dict:
    """What a checkpoint says about the run that writes it.

    ``batch_size`` is that of one process, ``config`` has every setting by its dotted key, as text.
    """
    loader = runner.train_dataloader
    return dict(
        processes=get_world_size(),
        batch_size=getattr(loader.batch_sampler, 'batch_size', None),
        images=len(loader.dataset),
        config=dict(_flat(runner.cfg.to_dict())))


def changes(before: dict, now: dict) -> list[str]:
    """Describe what differs in the run that resumes, and the consequences, in lines."""
    counts = [f'  {name.replace("_", " ")}: {before[name]} -> {now[name]}'
              for name in _COUNTS if before[name] != now[name]]
    old, new = before['config'], now['config']
    keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    settings = [f'  {key}: {old.get(key, "absent")} -> {new.get(key, "absent")}' for key in keys]
    if not counts and not settings:
        return []
    hidden = len(settings) - _MAX_SHOWN
    more = [f'  and {hidden} more settings of the config'] if hidden > 0 else []
    return ['This run differs from the one that wrote the checkpoint:', *counts,
            *settings[:_MAX_SHOWN], *more, *_consequences(before, now, keys)]


def check_schedule(runner, before: dict, checkpoint: str) -> None:
    """Refuse a longer training at the rate with which the schedule of the checkpoint ended.

    Args:
        runner (Runner): The runner, resumed; its schedulers are those of the checkpoint.
        before: The ``config`` of :func:`run_settings` in the checkpoint.
        checkpoint: Its path.

    Raises:
        UserError: If the loop is longer than that of the run before, with which a schedule ends.
    """
    loop = runner.train_loop
    key = 'max_epochs' if isinstance(loop, EpochBasedTrainLoop) else 'max_iters'
    length, old = getattr(loop, key), before.get(f'train_cfg.{key}', '')
    if not old.isdigit() or length <= int(old):
        return
    steps = runner.max_iters / length  # iterations of an epoch, or 1
    schedulers = runner.param_schedulers
    groups = schedulers.values() if isinstance(schedulers, dict) else [schedulers or []]
    ends = [scheduler.end * (steps if scheduler.by_epoch else 1)
            for group in groups for scheduler in group
            if getattr(scheduler, 'param_name', None) == 'lr']
    if not any(math.isclose(end, int(old) * steps, rel_tol=_ROUNDED) for end in ends):
        return
    rate = max((rate for rates in runner.optim_wrapper.get_lr().values() for rate in rates),
               default=0.)
    raise UserError(
        f'train_cfg.{key}={length}: {checkpoint} comes from a run with {key}={old}, whose learning '
        f'rate schedule ends there: it would stay at {rate:.3g}.\n'
        'To continue from these weights with a new schedule, start a new run without '
        f'--resume:\n--work-dir OTHER --load-from {checkpoint} '
        f'--cfg-options train_cfg.{key}={length - int(old)}')


def _consequences(before: dict, now: dict, keys: list[str]) -> Iterator[str]:
    held = [name for name in _HELD if any(key.startswith(name) for key in keys)]
    but = ', except those named last' if held else ''
    yield (f'The new settings apply from here on{but}; the result is not that of an uninterrupted '
           'run.')
    if any(key in _LENGTHS for key in keys):
        yield ('The learning rate follows the schedule of the checkpoint, which was made for the '
               'previous length.')
    if any(before[name] != now[name] for name in _COUNTS):
        yield (f'A step had {_step_size(before)} images and has {_step_size(now)}. Finished epochs '
               'and iterations count as before; within an epoch the same share is skipped. The '
               'learning rate is that of the checkpoint.')
    if held:
        yield ('Optimizer settings and schedules come from the checkpoint: the changes to '
               f'{" and ".join(held)} have no effect. To use them start with '
               '--load-from CHECKPOINT instead of --resume.')


def _step_size(settings: dict) -> int | str:
    return settings['processes'] * settings['batch_size'] if settings['batch_size'] else '?'


def _flat(value, key: str = '') -> Iterator[tuple[str, str]]:
    """Every setting of a config by its dotted key, as text."""
    if isinstance(value, dict):
        parts = [(name, part) for name, part in value.items() if key or name not in _PLACES]
    elif isinstance(value, (list, tuple)) and any(isinstance(part, dict) for part in value):
        parts = enumerate(value)
    else:
        yield key, repr(value)
        return
    for name, part in parts:
        yield from _flat(part, f'{key}.{name}' if key else str(name))
