"""Which scores a detection needs to be kept."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fcos_mm.apis.named_inputs import check_score_threshold
from fcos_mm.evaluation.score_threshold import ScoreThresholds

FALLBACK = 0.3
NEAR = 0.1  # how far below its threshold a score is counted as just missing it


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """A score threshold for each class.

    Attributes:
        by_class: In the model's order.
        note: Where they come from, for the screen.
    """
    by_class: tuple[float, ...]
    note: str

    def keep(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Which of n detections reach the threshold of their class; NaN reaches none."""
        return scores >= np.array(self.by_class, np.float32)[labels]

    def near(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Which of n detections miss it by no more than :data:`NEAR`."""
        limits = np.array(self.by_class, np.float32)[labels]
        return (scores < limits) & (scores >= limits - NEAR)


def choose_thresholds(score_thr: float | str, meta: Mapping, classes: Sequence[str]) -> Thresholds:
    """The thresholds of a number, the same for all classes, or of ``'auto'``.

    ``'auto'`` is the threshold with the best F1 that training stored in the checkpoint: that of
    the class, or the overall one for a class without. Without stored ones it is 0.3.

    Args:
        score_thr: A number from 0 to 1, or ``'auto'``.
        meta: ``meta`` of the checkpoint.
        classes: The names of the model's classes.

    Raises:
        UserError: If a number is not from 0 to 1.
    """
    if score_thr != 'auto':
        check_score_threshold(score_thr)
        return Thresholds(by_class=(score_thr, ) * len(classes), note=f'{score_thr:g}')
    stored = ScoreThresholds.from_meta(meta)
    if stored is None:
        return Thresholds(by_class=(FALLBACK, ) * len(classes), note=(
            f'{FALLBACK} (the checkpoint stores no threshold; `fcos-mm test` finds the best one)'))
    values = tuple(stored.classes.get(name, stored.overall) for name in classes)
    return Thresholds(by_class=values, note=(
        f'{_range(values)} (best F1 on the validation set)'))


def _range(values: Sequence[float]) -> str:
    low, high = f'{min(values):.2f}', f'{max(values):.2f}'
    return low if low == high else f'{low} to {high} by class'
