"""Validate the arguments of the metrics."""
import numbers
from collections.abc import Collection, Sequence
from os import PathLike

import numpy as np

from fcos_mm.config.nearest import did_you_mean
from fcos_mm.errors import UserError, shorten

_METRICS = ('bbox', 'segm', 'proposal', 'proposal_fast')


def check_metrics(name: str, metric: str | Sequence[str]) -> list[str]:
    """The metrics as a list.

    Args:
        name: The metric's type, for the message.
        metric: One or several.

    Raises:
        UserError: If there is none or an unknown one.
    """
    metrics = [metric] if isinstance(metric, str) else list(metric or ())
    unknown = [entry for entry in metrics if entry not in _METRICS]
    if unknown or not metrics:
        hint = did_you_mean(str(unknown[0]), _METRICS) if unknown else ''
        raise UserError(f'{name} has metric={metric!r}.{hint}\nChoose from {_METRICS}.')
    return metrics


def check_prefix(name: str, format_only: bool,
                 outfile_prefix: str | PathLike | None) -> None:
    """See that detections which are only written have a place.

    Args:
        name: The metric's type, for the message.
        format_only: Whether they are only written.
        outfile_prefix: Path and beginning of the files' names.

    Raises:
        UserError: If there is none.
    """
    if format_only and outfile_prefix is None:
        raise UserError(f'{name} has format_only=True and no outfile_prefix.\n'
                        'Set outfile_prefix to where the detections shall go, e.g. '
                        "'work_dirs/test-dev' for work_dirs/test-dev.bbox.json.")


def detection_limits(name: str, proposal_nums: Sequence[int]) -> list[int]:
    """The limits as an ascending list.

    Args:
        name: The metric's type, for the message.
        proposal_nums: How many of the best detections of an image count.

    Raises:
        UserError: If they are not positive whole numbers.
    """
    limits = [proposal_nums] if isinstance(proposal_nums, int) else list(proposal_nums or ())
    if not limits or not all(
            type(limit) is int and limit > 0 for limit in limits):
        raise UserError(f'{name} has proposal_nums={shorten(proposal_nums)}.\nWrite positive whole '
                        'numbers, e.g. proposal_nums=(100, 300, 1000).')
    return sorted(set(limits))


def iou_thresholds(name: str, iou_thrs: float | Sequence[float] | None) -> np.ndarray:
    """The thresholds as an array (T,), COCO's ten for None.

    Args:
        name: The metric's type, for the message.
        iou_thrs: One or several, ascending.

    Raises:
        UserError: If they are not numbers from 0 to 1.
    """
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
    """The metrics that are asked for.

    Args:
        name: The metric's type, for the message.
        items: Their names; None for the usual ones.
        known: The metrics that can be computed.

    Raises:
        UserError: If one cannot be computed.
    """
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
