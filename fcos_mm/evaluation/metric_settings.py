"""Validate the arguments of the metrics; ``name`` is the metric's type, for the message."""
import numbers
from collections.abc import Collection, Sequence

import numpy as np

from fcos_mm.config.nearest import did_you_mean
from fcos_mm.errors import UserError, shorten

_METRICS = ('bbox', 'segm', 'proposal', 'proposal_fast')


def check_metrics(name: str, metric: str | Sequence[str]) -> list[str]:
    """The metrics as a list; refuses unknown ones, or none at all."""
    metrics = [metric] if isinstance(metric, str) else list(metric or ())
    unknown = [entry for entry in metrics if entry not in _METRICS]
    if unknown or not metrics:
        hint = did_you_mean(str(unknown[0]), _METRICS) if unknown else ''
        raise UserError(f'{name} has metric={metric!r}.{hint}\nChoose from {_METRICS}.')
    return metrics


def detection_limits(name: str, proposal_nums: int | Sequence[int]) -> list[int]:
    """The limits in ascending order; refuses all but positive whole numbers."""
    limits = [proposal_nums] if isinstance(proposal_nums, int) else list(proposal_nums or ())
    if not limits or not all(type(limit) is int and limit > 0 for limit in limits):
        raise UserError(f'{name} has proposal_nums={shorten(proposal_nums)}.\nWrite positive whole '
                        'numbers, e.g. proposal_nums=(100, 300, 1000).')
    return sorted(set(limits))


def iou_thresholds(name: str, iou_thrs: float | Sequence[float] | None) -> np.ndarray:
    """The thresholds (T,) in ascending order, COCO's ten for None; refuses those outside (0, 1]."""
    if iou_thrs is None:
        return np.linspace(0.5, 0.95, 10)
    values = [iou_thrs] if isinstance(iou_thrs, numbers.Real) else list(iou_thrs)
    if not values or not all(
            isinstance(value, numbers.Real) and 0 < value <= 1 for value in values):
        raise UserError(f'{name} has iou_thrs={shorten(iou_thrs)}.\nWrite numbers above 0 and up '
                        'to 1, e.g. iou_thrs=[0.5]; None is 0.50, 0.55, ..., 0.95.')
    return np.array(sorted(values), dtype=np.float64)


def check_items(name: str, items: Sequence[str] | None,
                known: Collection[str]) -> list[str] | None:
    """The names of the metrics to record; refuses those that cannot be computed."""
    if items is None:
        return None
    items = [items] if isinstance(items, str) else list(items)
    unknown = [item for item in items if item not in known]
    if unknown:
        raise UserError(
            f'{name} has metric_items={items}: there is no {unknown[0]!r} with these iou_thrs and '
            f'proposal_nums.{did_you_mean(str(unknown[0]), known)}\n'
            f'Choose from {", ".join(known)}.')
    return items
