"""mmengine's history of the losses out of a checkpoint."""
from collections.abc import Callable

import numpy as np
from mmengine.logging import HistoryBuffer

from fcos_mm.checkpoints.plain import ForbiddenContent
from fcos_mm.checkpoints.saved_arrays import SavedArray

STATISTICS = ('min', 'max', 'current', 'mean')
_KEYS = {'max_length', '_log_history', '_count_history', 'statistics_methods'}


class SavedHistory(HistoryBuffer):
    """A ``HistoryBuffer`` that takes arrays of numbers, and turns into a plain one.

    mmengine's own takes whatever calls itself an array, and puts the functions
    that the file names into the class.
    """

    def __init__(self) -> None:
        pass  # filled by __setstate__

    def __setstate__(self, state: dict) -> None:
        if not isinstance(state, dict) or not set(state) <= _KEYS:
            raise ForbiddenContent('a history has keys of other things')
        log, count = state.get('_log_history'), state.get('_count_history')
        if not all(type(array) is SavedArray and array.ndim == 1 for array in (log, count)):
            raise ForbiddenContent('a history is not two lists of numbers')
        for name, method in state.get('statistics_methods', {}).items():
            if method is not history_method(HistoryBuffer, name):
                raise ForbiddenContent(f'the statistic {name!r} is not known')
        super().__init__(np.asarray(log), np.asarray(count), int(state['max_length']))
        self.__class__ = HistoryBuffer


def history_method(owner: type, name: str) -> Callable:
    """What ``getattr`` does in a checkpoint: find a statistic of the history.

    Args:
        owner: The class of the history.
        name: The statistic.

    Raises:
        ForbiddenContent: If anything else is looked up.
    """
    if owner not in (HistoryBuffer, SavedHistory) or name not in STATISTICS:
        raise ForbiddenContent(f'getattr({owner!r}, {name!r}) is not allowed')
    return getattr(HistoryBuffer, name)


#: What stands for the names that mmengine writes.
HISTORY_NAMES = {
    f'{HistoryBuffer.__module__}.{HistoryBuffer.__qualname__}': SavedHistory,
    'builtins.getattr': history_method,
}
