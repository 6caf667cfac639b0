"""A resumed run keeps the schedules of its checkpoint, which end where it was to end."""
import math
from collections.abc import Iterator

from mmengine.runner import EpochBasedTrainLoop

from fcos_mm.errors import UserError

_ROUNDED = 0.01  # so far from the end of a run a schedule may be and still end with it


def check_schedule(runner, before: dict, checkpoint: str) -> None:
    """Make sure that a longer training is not one at the rate that its schedule ended with.

    Args:
        runner (Runner): The runner, resumed; its schedulers are those of the checkpoint.
        before: The settings in the checkpoint, by dotted keys, as text.
        checkpoint: Its path.

    Raises:
        UserError: If the loop is longer than that of the run before, with which
            a schedule ends.
    """
    key, length = loop_length(runner.train_loop)
    old = before.get(f'train_cfg.{key}', '')
    if not old.isdigit() or length <= int(old):
        return
    steps = runner.max_iters / length  # iterations of an epoch, or 1
    ends = [scheduler.end * (steps if scheduler.by_epoch else 1)
            for scheduler in _rate_schedulers(runner.param_schedulers)]
    if not any(math.isclose(end, int(old) * steps, rel_tol=_ROUNDED) for end in ends):
        return
    rate = max(_rates(runner.optim_wrapper.get_lr()), default=0.)
    raise UserError(
        f'train_cfg.{key}={length}: {checkpoint} is of a run with {key}={old}, whose learning '
        f'rate schedule ends there; it is {rate:.3g} now and would stay as it ends.\n'
        'To train further on these weights with a schedule of its own start a new run, without '
        f'--resume:\n--work-dir OTHER --cfg-options load_from={checkpoint} '
        f'train_cfg.{key}={length - int(old)}')


def loop_length(loop) -> tuple[str, int]:
    """The key that says how long a loop trains, and its value.

    Args:
        loop (BaseLoop): A training loop.
    """
    key = 'max_epochs' if isinstance(loop, EpochBasedTrainLoop) else 'max_iters'
    return key, getattr(loop, key)


def _rate_schedulers(schedulers: object | None) -> Iterator:
    groups = schedulers.values() if isinstance(schedulers, dict) else [schedulers or []]
    for group in groups:
        yield from (scheduler for scheduler in group
                    if getattr(scheduler, 'param_name', None) == 'lr')


def _rates(rates) -> Iterator[float]:
    for values in rates.values():
        yield from (values if isinstance(values, list) else [values])
