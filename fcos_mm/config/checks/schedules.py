"""Check learning-rate schedules against the length of the training, both in the same unit."""
from collections.abc import Iterator
from typing import Any, NamedTuple

from mmengine.config import Config

from fcos_mm.config.checks.loops import training_length
from fcos_mm.config.keys import is_number, listed, value_at
from fcos_mm.errors import shorten
from fcos_mm.faults import Note

# A part of the training after the last schedule, at such a share of the full rate, is lost. YOLOX
# ends with 5 % of its epochs at 5 % of the rate on purpose; no published recipe comes near this.
_LOST_TAIL, _LOST_RATE = 0.2, 0.02
_LOW_RATE = 0.1  # a tail at this share or less draws a warning
# Detection's step schedules train up to a third of the time after the last step.
_LONG_TAIL = 0.5
_SHORT = 0.95  # a training this share of its schedule or longer counts as complete
_ENDLESS = int(1e9)  # mmengine's default of `end`


class Schedule(NamedTuple):
    """A schedule in the unit of the training; ``end`` is None if the config does not say."""
    key: str
    kind: str
    cfg: dict
    begin: float
    end: float | None

    @property
    def title(self) -> str:
        return f'{self.key} ({self.kind})'


def schedule_faults(cfg: Config, mode: str) -> Iterator[str]:
    """Check schedules against the length of a fresh training.

    An error is what cannot be meant: a schedule that never moves, milestones after its own
    end, a fifth of the training at 2 % of the rate or less. What may be a trial run is a warning.
    """
    unit, length = training_length(cfg)
    if mode != 'train' or not is_number(length) or length < 1:
        return
    faults = list(_no_numbers(cfg))
    yield from faults
    if faults:  # the others compare numbers
        return
    yield from _never_stepped(cfg, unit)
    schedules = list(_comparable(cfg, unit))
    for schedule in schedules:
        yield from _cut_off(schedule, unit, length)
    if not cfg.get('resume'):
        yield from _lost_tail(cfg, schedules, unit, length)
        for schedule in schedules:
            yield from map(Note, _suspicious(schedule, unit, length))


def _listed(cfg: Config) -> Iterator[tuple[str, dict]]:
    """Key and settings of each schedule; several optimizers have theirs in a dict."""
    for key, schedule in listed(cfg.get('param_scheduler'), 'param_scheduler'):
        if isinstance(schedule, dict) and ('type' in schedule or key != 'param_scheduler'):
            yield key, schedule


def _no_numbers(cfg: Config) -> Iterator[str]:
    for key, schedule in _listed(cfg):
        for name in ('begin', 'end', 'T_max', 'eta_min', 'eta_min_ratio', 'end_factor'):
            if schedule.get(name) is not None and not is_number(schedule[name]):
                yield f'{key}.{name}={shorten(schedule[name])}: it must be a number.'
        steps = schedule.get('milestones', [])
        if not isinstance(steps, (list, tuple)) or not all(map(is_number, steps)):
            yield f'{key}.milestones={shorten(steps)}: it must be a list of numbers.'


def _never_stepped(cfg: Config, unit: str) -> Iterator[str]:
    for key, schedule in _listed(cfg) if unit == 'max_iters' else ():
        kind = str(schedule.get('type'))
        if (schedule.get('by_epoch', True) and not schedule.get('convert_to_iter_based')
                and 'ReduceOnPlateau' not in kind):
            yield (f'{key} ({kind}) counts epochs, and the training has none: train_cfg counts '
                   f'iterations (max_iters={cfg.train_cfg.max_iters}), so it would never change '
                   f'the rate.\nSet {key}.by_epoch=False, and its begin, end and milestones in '
                   'iterations.')


def _comparable(cfg: Config, unit: str) -> Iterator[Schedule]:
    """The schedules that count in the unit of the training."""
    for key, schedule in _listed(cfg):
        kind = str(schedule.get('type')).rpartition('.')[2]
        by_epoch = schedule.get('by_epoch', True)
        if by_epoch == (unit == 'max_epochs') and 'ReduceOnPlateau' not in kind:
            end = schedule.get('end')
            yield Schedule(key, kind, schedule, schedule.get('begin') or 0,
                           None if end is None or end >= _ENDLESS else end)


def _cut_off(schedule: Schedule, unit: str, length: float) -> Iterator[str]:
    key, _, cfg, begin, end = schedule
    if begin >= (length if end is None else end):
        limit = f'its end is {end}' if end is not None else (
            f'the training ends at train_cfg.{unit}={length}')
        yield (f'{schedule.title} begins at {begin}, but {limit}.\nLower {key}.begin, or train '
               'longer.')
    lost = [step for step in cfg.get('milestones', ()) if end is not None and end <= step < length]
    if lost:
        yield (f'{schedule.title} ends at {end}, before its milestones '
               f'{", ".join(map(str, lost))}, and the training lasts until {length}: the rate '
               f'would not drop there.\nSet {key}.end={length}.')


def _lost_tail(cfg: Config, schedules: list[Schedule], unit: str, length: float) -> Iterator[str]:
    """Find a long tail at a low rate behind the last schedule."""
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
    remedy = f'Stretch the schedule, --cfg-options {settings}, or train until {last.end}.'
    if unit == 'max_epochs':
        remedy = (f'Set epochs={length} in the place of train_cfg.max_epochs: it stretches the '
                  f'schedule too. Or train until {last.end}.')
    message = (f'{last.title} ends at {last.end}, and training continues until '
               f'train_cfg.{unit}={length} at {rate:.1%} of the learning rate or less.\n{remedy}')
    yield message if rate <= _LOST_RATE else Note(message)


def _last_rate(schedule: Schedule, full: Any) -> float | None:
    """The share of the full rate at a smooth schedule's end; None if it is not known."""
    cfg = schedule.cfg
    if schedule.kind in ('CosineAnnealingLR', 'PolyLR'):
        if cfg.get('eta_min_ratio') is not None:
            return cfg['eta_min_ratio']
        return (cfg.get('eta_min') or 0) / full if is_number(full) and full else None
    if schedule.kind == 'LinearLR':
        return 1.0 if cfg.get('end_factor') is None else cfg['end_factor']
    if schedule.kind == 'ExponentialLR' and isinstance(cfg.get('gamma'), float):
        return cfg['gamma'] ** (schedule.end - schedule.begin)
    return None


def _suspicious(schedule: Schedule, unit: str, length: float) -> Iterator[str]:
    """What a trial run may mean, and what may be a mistake."""
    key, _, cfg, begin, end = schedule
    milestones = cfg.get('milestones')
    if end is not None and length < _SHORT * end and not milestones:
        yield (f'{schedule.title} lasts until {end}, but the training ends at '
               f'train_cfg.{unit}={length}: the schedule is not completed.')
    if milestones and min(milestones) >= length:
        yield (f'{schedule.title} drops the rate at {", ".join(map(str, milestones))}, but the '
               f'training ends at train_cfg.{unit}={length}: the rate is never dropped.')
    if milestones and end is not None and end < length and (
            length - max(milestones) > _LONG_TAIL * length):
        yield (f'{schedule.title} drops the rate for the last time at {max(milestones)} of '
               f'{length} (train_cfg.{unit}), and ends at {end}: most of the training has the '
               'lowest rate.')
    steps, period = (length if end is None else end) - begin, cfg.get('T_max')
    if period is not None and period < _SHORT * steps:
        yield (f'{schedule.title} lasts {steps} steps, but falls for T_max={period} only '
               f'and rises again. Set {key}.T_max={steps}.')
