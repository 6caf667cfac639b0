"""Which scores a detection needs to be kept, by what a checkpoint stores."""
from collections.abc import Mapping, Sequence

from fcos_mm.evaluation.score_threshold import ScoreThresholds
from fcos_mm.runtime.thresholds import Thresholds

FALLBACK = 0.3


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
        return Thresholds.equal(score_thr, len(classes))
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
