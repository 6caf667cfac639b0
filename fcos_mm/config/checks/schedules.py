"""Whether the schedules of a config and the length of its training agree.

Everything here is known before the data is: what counts epochs is compared
with epochs, what counts iterations with iterations.
"""
import numbers
from collections.abc import Iterator
from typing import Any, NamedTuple

from mmengine.config import Config

from fcos_mm.config.checks.loops import training_length
from fcos_mm.config.checks.notes import warn
from fcos_mm.config.checks.parts import value_at
from fcos_mm.errors import shorten
from fcos_mm.faults import Faults

# A part of the training after the last schedule, at such a share of the full rate, is lost. YOLOX
# ends with 5 % of its epochs at 5 % of the rate on purpose; no published recipe comes near this.
_LOST_TAIL, _LOST_RATE = 0.2, 0.02
_LOW_RATE = 0.1  # a tail at this share or less draws a warning
# Detection's step schedules train up to a third of the time after the last step.
_LONG_TAIL = 0.5
_SHORT = 0.95  # a training this share of its schedule or longer counts as complete
_ENDLESS = int(1e9)  # mmengine's default of `end`


class Schedule(NamedTuple):
    """A schedule in the unit of the training.

    Attributes:
        key: Where it stands.
        kind: Its type without scope and without ``LR`` or ``Momentum``.
        cfg: Its settings.
        begin: The first step.
        end: The step after the last; None if the config does not say.
    """
    key: str
    kind: str
    cfg: dict
    begin: float
    end: float | None


def check_schedules(cfg: Config, mode: str) -> None:
    """Check schedules against the length of a fresh training.

    An error is what cannot be meant: a schedule that never moves, milestones
    that its own end cuts off, a fifth of the training or more at 2 % of the
    rate or less. What may be a trial run is a warning.

    Args:
        cfg: The config.
        mode: ``'train'`` or ``'test'``.

    Raises:
        UserError: If a schedule and the training do not fit.
    """
    length_key, length = training_length(cfg)
    if mode != 'train' or not _is_number(length) or length < 1:
        return
    faults = Faults('the config')
    faults.messages += _no_numbers(cfg)
    faults.raise_all()  # the others rely on it
    faults.messages += _never_stepped(cfg, length_key)
    schedules = list(_comparable(cfg, length_key))
    for schedule in schedules:
        faults.messages += _cut_off(schedule, length_key, length)
    if not cfg.get('resume'):
        faults.messages += _lost_tail(cfg, schedules, length_key, length)
        for message in _odd(schedules, length_key, length):
            warn(message)
    faults.raise_all()


def _listed(cfg: Config) -> Iterator[tuple]:
    """Key and settings of each schedule; several optimizers have theirs in a dict."""
    value = cfg.get('param_scheduler')
    if isinstance(value, dict) and 'type' in value:
        yield 'param_scheduler', value
    elif isinstance(value, (list, tuple)):
        for index, schedule in enumerate(value):
            if isinstance(schedule, dict):
                yield f'param_scheduler.{index}', schedule


def _no_numbers(cfg: Config) -> Iterator[str]:
    for key, schedule in _listed(cfg):
        for name in ('begin', 'end', 'T_max', 'eta_min', 'eta_min_ratio', 'end_factor'):
            if schedule.get(name) is not None and not _is_number(schedule[name]):
                yield f'{key}.{name}={shorten(schedule[name])}: it must be a number.'
        steps = schedule.get('milestones', [])
        if not isinstance(steps, (list, tuple)) or not all(map(_is_number, steps)):
            yield f'{key}.milestones={shorten(steps)}: it must be a list of numbers.'


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _never_stepped(cfg: Config, length_key: str) -> Iterator[str]:
    if length_key != 'max_iters':
        return
    for key, schedule in _listed(cfg):
        kind = str(schedule.get('type'))
        if (schedule.get('by_epoch', True) and not schedule.get('convert_to_iter_based')
                and 'ReduceOnPlateau' not in kind):
            yield (f'{key} ({kind}) counts epochs, and the training has none: train_cfg counts '
                   f'iterations (max_iters={cfg.train_cfg.max_iters}), so it would never change '
                   f'the rate.\nSet {key}.by_epoch=False, and its begin, end and milestones in '
                   'iterations.')


def _comparable(cfg: Config, length_key: str) -> Iterator[Schedule]:
    for key, schedule in _listed(cfg):
        by_epoch = schedule.get('by_epoch', True)
        kind = str(schedule.get('type')).rpartition('.')[2]
        if by_epoch == (length_key == 'max_epochs') and 'ReduceOnPlateau' not in kind:
            end = schedule.get('end')
            yield Schedule(key, kind, schedule, schedule.get('begin') or 0,
                           None if end is None or end >= _ENDLESS else end)


def _cut_off(schedule: Schedule, length_key: str, length: float) -> Iterator[str]:
    end = length if schedule.end is None else schedule.end
    place = f'{schedule.key} ({schedule.kind})'
    if schedule.begin >= end:
        limit = f'its end is {end}' if schedule.end is not None else (
            f'the training ends at train_cfg.{length_key}={length}')
        yield (f'{place} begins at {schedule.begin}, but {limit}.\nLower {schedule.key}.begin, or '
               'train longer.')
    milestones = schedule.cfg.get('milestones')
    if schedule.end is None or not isinstance(milestones, (list, tuple)):
        return
    lost = [step for step in milestones if schedule.end <= step < length]
    if lost:
        yield (f'{place} ends at {schedule.end}, before its milestones '
               f'{", ".join(map(str, lost))}, and the training lasts until {length}: the rate '
               f'would not drop there.\nSet {schedule.key}.end={length}.')


def _lost_tail(cfg: Config, schedules: list[Schedule], length_key: str,
               length: float) -> Iterator[str]:
    rates = [schedule for schedule in schedules if not schedule.kind.endswith('Momentum')]
    compared = {schedule.key for schedule in schedules}
    others_later = any((other.get('begin') or 0) > 0 for key, other in _listed(cfg)
                       if key not in compared)
    if not rates or others_later or any(schedule.end is None for schedule in rates):
        return
    last = max(rates, key=lambda schedule: schedule.end)
    rate = _last_rate(last, value_at(cfg, 'optim_wrapper.optimizer.lr'))
    if rate is None or rate > _LOW_RATE or last.end >= (1 - _LOST_TAIL) * length:
        return
    settings = f'{last.key}.end={length}'
    if 'T_max' in last.cfg:
        settings += f' {last.key}.T_max={length - last.begin}'
    message = (f'{last.key} ({last.kind}) ends at {last.end}, and the training goes on until '
               f'train_cfg.{length_key}={length} at {rate:.1%} of the learning rate or less.\n'
               f'Stretch the schedule, --cfg-options {settings}, or train until {last.end}.')
    if rate <= _LOST_RATE:
        yield message
    else:
        warn(message)


def _last_rate(schedule: Schedule, full: Any) -> float | None:
    """The share of the full rate at a smooth schedule's end; None if it is not known."""
    cfg = schedule.cfg
    if schedule.kind in ('CosineAnnealingLR', 'PolyLR'):
        if cfg.get('eta_min_ratio') is not None:
            return cfg['eta_min_ratio']
        return (cfg.get('eta_min') or 0) / full if _is_number(full) and full else None
    if schedule.kind == 'LinearLR':
        return 1.0 if cfg.get('end_factor') is None else cfg['end_factor']
    if schedule.kind == 'ExponentialLR' and isinstance(cfg.get('gamma'), float):
        return cfg['gamma'] ** (schedule.end - schedule.begin)
    return None


def _odd(schedules: list[Schedule], length_key: str, length: float) -> Iterator[str]:
    """What a trial run may mean, and what may be a mistake."""
    for schedule in schedules:
        place = f'{schedule.key} ({schedule.kind})'
        milestones = schedule.cfg.get('milestones')
        end = length if schedule.end is None else schedule.end
        if schedule.end is not None and length < _SHORT * schedule.end and not milestones:
            yield (f'{place} lasts until {schedule.end}, but the training ends at '
                   f'train_cfg.{length_key}={length}: the schedule is not completed.')
        if isinstance(milestones, (list, tuple)) and milestones:
            yield from _odd_milestones(schedule, milestones, length_key, length)
        period = schedule.cfg.get('T_max')
        if period is not None and period < _SHORT * (end - schedule.begin):
            yield (f'{place} lasts {end - schedule.begin} steps, but falls for T_max={period} only '
                   f'and rises again. Set {schedule.key}.T_max={end - schedule.begin}.')


def _odd_milestones(schedule: Schedule, milestones: list, length_key: str,
                    length: float) -> Iterator[str]:
    place = f'{schedule.key} ({schedule.kind})'
    if min(milestones) >= length:
        yield (f'{place} drops the rate at {", ".join(map(str, milestones))}, but the training '
               f'ends at train_cfg.{length_key}={length}: the rate is never dropped.')
    tail = length - max(milestones)
    if schedule.end is not None and schedule.end < length and tail > _LONG_TAIL * length:
        yield (f'{place} drops the rate for the last time at {max(milestones)} of {length} '
               f'(train_cfg.{length_key}), and ends at {schedule.end}: most of the training has '
               'the lowest rate.')
