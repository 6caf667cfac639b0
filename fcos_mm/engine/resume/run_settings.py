"""With which settings a checkpoint was written, and what has changed since."""
from collections.abc import Iterator

from mmengine.dist import get_world_size

# They say where a run writes and how it starts, not what it computes.
_PLACES = ('work_dir', 'resume', 'load_from', 'launcher', 'model_wrapper_cfg', 'randomness')
# A checkpoint holds these settings, and mmengine goes on with what it holds.
_HELD = ('optim_wrapper.optimizer', 'optim_wrapper.paramwise_cfg', 'param_scheduler')
_LENGTHS = ('train_cfg.max_epochs', 'train_cfg.max_iters')
_SHOWN = 12


def run_settings(runner) -> dict:
    """What a checkpoint says about the run that writes it.

    Args:
        runner (Runner): The runner, in training.

    Returns:
        dict: ``processes``, ``batch_size`` of one process, ``images`` in the
        dataset, and ``config``, every setting by its dotted key, as text.
    """
    loader = runner.train_dataloader
    return dict(
        processes=get_world_size(),
        batch_size=getattr(loader.batch_sampler, 'batch_size', None),
        images=len(loader.dataset),
        config=dict(_flat(runner.cfg.to_dict())))


def changes(before: dict, now: dict) -> list[str]:
    """Tell what differs, and what comes of it.

    Args:
        before: The settings in a checkpoint.
        now: Those of the run that resumes from it.

    Returns:
        Lines to read; none if nothing differs.
    """
    counts = [f'  {name.replace("_", " ")}: {before[name]} -> {now[name]}'
              for name in ('processes', 'batch_size', 'images') if before[name] != now[name]]
    keys = sorted(key for key in before['config'].keys() | now['config'].keys()
                  if before['config'].get(key) != now['config'].get(key))
    settings = [f'  {key}: {before["config"].get(key, "absent")} -> '
                f'{now["config"].get(key, "absent")}' for key in keys]
    if not counts and not settings:
        return []
    hidden = len(settings) - _SHOWN
    more = [f'  and {hidden} more settings of the config'] if hidden > 0 else []
    return ['This run differs from the one that wrote the checkpoint:', *counts,
            *settings[:_SHOWN], *more, *_consequences(before, now, keys)]


def _consequences(before: dict, now: dict, keys: list[str]) -> Iterator[str]:
    held = [name for name in _HELD if any(key.startswith(name) for key in keys)]
    but = ', except those named last' if held else ''
    yield (f'The new settings hold from here on{but}; the result is not that of an undisturbed '
           'run.')
    if any(key in _LENGTHS for key in keys):
        yield ('The learning rate follows the schedule of the checkpoint, which was made for the '
               'length before.')
    if any(before[name] != now[name] for name in ('processes', 'batch_size', 'images')):
        yield (f'A step had {_step_size(before)} images and has {_step_size(now)}. Finished epochs '
               'and iterations count as before; within an epoch the same share is left out. The '
               'learning rate is that of the checkpoint.')
    if held:
        yield ('Optimizer settings and schedules are kept in the checkpoint: the changes to '
               f'{" and ".join(held)} '
               'have no effect. To use them start with load_from=CHECKPOINT instead of --resume.')


def _step_size(settings: dict) -> str:
    if settings['batch_size'] is None:
        return '?'
    return str(settings['processes'] * settings['batch_size'])


def _flat(value, key: str = '') -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        parts: dict = {name: part for name, part in value.items()
                       if key or name not in _PLACES}
        for name, part in parts.items():
            yield from _flat(part, f'{key}.{name}' if key else str(name))
    elif isinstance(value, (list, tuple)) and any(isinstance(part, dict) for part in value):
        for place, part in enumerate(value):
            yield from _flat(part, f'{key}.{place}')
    else:
        yield key, repr(value)
