"""Which detections are kept: by score and by class."""
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fcos_mm.errors import UserError, did_you_mean
from fcos_mm.runtime.info import ModelInfo

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

    @classmethod
    def equal(cls, score_thr: float, number: int) -> 'Thresholds':
        """The same threshold for a number of classes.

        Raises:
            UserError: If it is not from 0 to 1.
        """
        check_score_threshold(score_thr)
        return cls(by_class=(score_thr, ) * number, note=f'{score_thr:g}')

    @classmethod
    def of_file(cls, info: ModelInfo, score_thr: float | str) -> 'Thresholds':
        """Those stored in an exported file for ``'auto'``, or the same number for all classes.

        Raises:
            UserError: If a number is not from 0 to 1.
        """
        if score_thr == 'auto':
            return cls(by_class=info.thresholds, note=info.threshold_note)
        return cls.equal(score_thr, len(info.classes))

    def keep(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Which of n detections reach the threshold of their class; NaN reaches none."""
        return scores >= np.array(self.by_class, np.float32)[labels]

    def near(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Which of n detections miss it by no more than :data:`NEAR`."""
        limits = np.array(self.by_class, np.float32)[labels]
        return (scores < limits) & (scores >= limits - NEAR)


def check_score_threshold(value: float) -> None:
    """Make sure that a score threshold is a number from 0 to 1; a UserError otherwise."""
    if isinstance(value, str):
        raise UserError(f'score_thr={value!r} is no number.\nGive one from 0 to 1, or \'auto\'.')
    if not 0 <= value <= 1:
        meant = f' Did you mean {value / 100:g}?' if 2 <= value <= 100 else ''
        raise UserError(f'--score-thr {value:g}: scores lie between 0 and 1.{meant}')


def class_indices(names: Sequence[str] | str | None, classes: Sequence[str]) -> list[int] | None:
    """The indices of classes, or of one by its name; None for all.

    Raises:
        UserError: If the model has no such class.
    """
    names = [names] if isinstance(names, str) else names
    for name in names or ():
        if name not in classes:
            raise UserError(f'--classes {name}: the model has no such class.'
                            f'{did_you_mean(name, classes)}\nIt has {", ".join(classes)}.')
    return None if names is None else [classes.index(name) for name in names]
