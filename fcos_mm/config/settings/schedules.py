"""Stretch learning-rate schedules to another length of the training."""
import math
import os.path as osp
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mmengine.config import Config

from fcos_mm.config.keys import is_number, type_name, value_at, walk

_WARM_UPS = ('LinearLR', 'ConstantLR', 'LinearParamScheduler', 'ConstantParamScheduler')
_ENDLESS = int(1e9)  # mmengine's default of `end`
_MOMENTS = ('begin', 'end', 'T_max', 'total_steps', 'step_size')
_SHARE = 10  # a warm-up is a tenth of the training at most...
_SHORTEST = 2  # ...but mmengine's ends with the second step at the earliest


@dataclass(frozen=True)
class Lengths:
    """The former length of a training and its new one.

    Attributes:
        former: In epochs or, if ``in_iterations``, in iterations.
        epochs: The new length.
        warm_up_limit: The longest warm-up in iterations, if that is known.
    """
    former: int
    epochs: int
    in_iterations: bool
    warm_up_limit: int | None

    def moved(self, moment: float) -> int:
        """The epoch that is the same part of the training; 0 stays 0, others are 1 or more."""
        return max(round(moment * self.epochs / self.former), min(1, moment))


def warm_up_limit(cfg: Config | dict, epochs: int) -> int | None:
    """A tenth of the iterations of a training, by the images that its annotation file has.

    None if that file, or the number of images in a step, is not known.
    """
    dataset = value_at(cfg, 'train_dataloader.dataset') or {}
    path = osp.join(dataset.get('data_root') or '', dataset.get('ann_file') or '')
    batch = value_at(cfg, 'train_dataloader.batch_size')
    if not osp.isfile(path) or not is_number(batch, int):
        return None
    with open(path, 'rb') as file:
        images = file.read().count(b'"file_name"')
    return max(_SHORTEST, epochs * math.ceil(images / batch) // _SHARE)


def stretch_schedules(schedules: Any, lengths: Lengths) -> None:
    """Stretch the schedules of ``param_scheduler`` in place.

    A warm-up keeps its length, up to a tenth of the training. A schedule in the other unit
    than the loop's stays as it is.
    """
    found = [part for _, part in walk(schedules, 'param_scheduler') if type_name(part)]
    warm_ups = [schedule for schedule in found if _is_warm_up(schedule, lengths)]
    ends = {}  # former and new ends of warm-ups that count epochs
    for schedule in warm_ups:
        by_epoch, former = schedule.get('by_epoch', True), schedule['end']
        limit = max(_SHORTEST, lengths.epochs // _SHARE) if by_epoch else lengths.warm_up_limit
        schedule['end'] = former if limit is None else min(former, limit)
        if by_epoch:
            ends[former] = schedule['end']
    for schedule in found:
        in_iterations = not schedule.get('by_epoch', True)
        if schedule not in warm_ups and in_iterations == lengths.in_iterations:
            _stretch(schedule, lambda moment: ends.get(moment) or lengths.moved(moment))
            if in_iterations:
                schedule.update(by_epoch=True, convert_to_iter_based=True)


def _is_warm_up(schedule: dict, lengths: Lengths) -> bool:
    """Whether it raises the rate at the start; iterations among epochs can be little else."""
    if (type_name(schedule) not in _WARM_UPS or schedule.get('begin')
            or not is_number(schedule.get('end'))):
        return False
    comparable = lengths.in_iterations != schedule.get('by_epoch', True)
    return not comparable or schedule['end'] <= lengths.former / 2


def _stretch(schedule: dict, moved: Callable[[float], int]) -> None:
    begin, end = schedule.get('begin', 0), schedule.get('end', _ENDLESS)
    until_end = schedule.get('T_max') == end - begin
    for key in _MOMENTS:
        if is_number(schedule.get(key)) and schedule[key] < _ENDLESS:
            schedule[key] = moved(schedule[key])
    if schedule.get('begin', 0) >= schedule.get('end', _ENDLESS):
        schedule['begin'] = schedule['end'] - 1
    if until_end:
        schedule['T_max'] = schedule['end'] - schedule.get('begin', 0)
    if 'milestones' in schedule:
        last = schedule.get('end', _ENDLESS)
        steps = sorted({moved(step) for step in schedule['milestones']})
        schedule['milestones'] = [step for step in steps if step < last]
