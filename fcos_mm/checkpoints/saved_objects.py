"""Stand-ins for the NumPy and mmengine objects in a file, and a check of all that came out.

``numpy.dtype.__setstate__`` takes any state: a float type that declares object fields makes NumPy
follow addresses out of the file. mmengine's ``HistoryBuffer`` puts functions that the file names
into its class. Here dtypes are made from their names, arrays from bytes, and nothing else.
"""
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from mmengine.logging import HistoryBuffer
from torch import Tensor

_PLAIN = re.compile(r'([biuf][1248]|f16|[SU]\d+)')  # booleans, numbers, text
_BYTE_ORDERS = {'<': '<', '>': '>', '|': '=', '=': '='}
_STATISTICS = ('min', 'max', 'current', 'mean')
_HISTORY_KEYS = {'max_length', '_log_history', '_count_history', 'statistics_methods'}


class ForbiddenContent(pickle.UnpicklingError):
    """A file asks for more than data."""


def check_plain(loaded: Any) -> None:
    """Make sure that containers, numbers, text and tensors hold no functions and no impostors.

    A pickle can return a function that is allowed while it is read, and can give an
    ``OrderedDict`` attributes such as ``__array_interface__``, by which NumPy would take it for
    an array at any address.

    Raises:
        ForbiddenContent: If there is anything else in it.
    """
    todo, seen = [loaded], set()
    while todo:
        value = todo.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if callable(value):
            raise ForbiddenContent(f'it holds {value!r}, which is not data')
        if isinstance(value, (dict, Tensor)):
            attributes = getattr(value, '__dict__', {})
            if any(str(name).startswith('__') for name in attributes):
                raise ForbiddenContent('an object in it pretends to be another')
            todo += attributes.values()
        if isinstance(value, dict):
            todo += [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple, set)):
            todo += value


class SavedType:
    """Stands for a ``numpy.dtype`` of numbers or text; the arguments are NumPy's."""
    __slots__ = ('dtype', )

    def __init__(self, name: str, align: bool = False, copy: bool = True) -> None:
        if not isinstance(name, str) or not _PLAIN.fullmatch(name):
            raise ForbiddenContent(f'arrays of {name!r} are not allowed')
        self.dtype = np.dtype(name)

    def __setstate__(self, state: tuple) -> None:
        if not isinstance(state, tuple) or len(state) < 5 or state[2:5] != (None, None, None):
            raise ForbiddenContent('arrays with fields are not allowed')
        if state[1] not in _BYTE_ORDERS:
            raise ForbiddenContent(f'the byte order {state[1]!r} is not known')
        self.dtype = self.dtype.newbyteorder(_BYTE_ORDERS[state[1]])


class SavedArray(np.ndarray):
    """An array from a file; it is written as any other array."""

    def __new__(cls) -> 'SavedArray':
        """Make an array that waits for its content."""
        array = super().__new__(cls, (0, ))
        array.is_filled = False
        return array

    def __setstate__(self, state: tuple) -> None:
        # Filling it again would free memory that others may look at.
        if getattr(self, 'is_filled', True):
            raise ForbiddenContent('an array is filled twice')
        self.is_filled = True
        version, shape, saved_type, fortran, content = state
        if type(saved_type) is not SavedType or not isinstance(content, bytes):
            raise ForbiddenContent('an array is not made of bytes')
        super().__setstate__((version, shape, saved_type.dtype, fortran, content))

    def __reduce__(self) -> tuple:
        return self.view(np.ndarray).__reduce__()

    def __array_wrap__(self, array: np.ndarray, context: Any = None,
                       return_scalar: bool = False) -> Any:
        return array[()] if return_scalar else array.view(np.ndarray)


def _reconstruct(cls: type, shape: tuple, kind: bytes) -> SavedArray:
    return SavedArray()  # whatever the class; the content comes with its own shape


def _scalar(saved_type: SavedType, content: bytes) -> np.generic:
    if type(saved_type) is not SavedType or not isinstance(content, bytes):
        raise ForbiddenContent('a number is not made of bytes')
    values = np.frombuffer(content, saved_type.dtype)
    if len(values) != 1:
        raise ForbiddenContent(f'{len(content)} bytes are not one {saved_type.dtype}')
    return values[0]


def _no_bytes() -> bytes:
    return b''  # the content of an array of size 0


class SavedHistory(HistoryBuffer):
    """A ``HistoryBuffer`` that takes arrays of numbers only, and turns into a plain one."""

    def __init__(self) -> None:
        pass  # filled by __setstate__

    def __setstate__(self, state: dict) -> None:
        if not isinstance(state, dict) or not set(state) <= _HISTORY_KEYS:
            raise ForbiddenContent('a history has keys of other things')
        log, count = state.get('_log_history'), state.get('_count_history')
        if not all(type(array) is SavedArray and array.ndim == 1 for array in (log, count)):
            raise ForbiddenContent('a history is not two lists of numbers')
        for name, method in state.get('statistics_methods', {}).items():
            if method is not _history_method(HistoryBuffer, name):
                raise ForbiddenContent(f'the statistic {name!r} is not known')
        super().__init__(np.asarray(log), np.asarray(count), int(state['max_length']))
        self.__class__ = HistoryBuffer


def _history_method(owner: type, name: str) -> Callable:
    """What ``getattr`` may do in a checkpoint: look up a statistic of the history."""
    if owner not in (HistoryBuffer, SavedHistory) or name not in _STATISTICS:
        raise ForbiddenContent(f'getattr({owner!r}, {name!r}) is not allowed')
    return getattr(HistoryBuffer, name)


#: The stand-ins by the names that NumPy 1 and NumPy 2 write.
NUMPY_NAMES = {
    'numpy.ndarray': SavedArray,
    'numpy.dtype': SavedType,
    'builtins.bytes': _no_bytes,
    **{f'numpy.{module}.multiarray.{name}': function for module in ('core', '_core')
       for name, function in (('_reconstruct', _reconstruct), ('scalar', _scalar))},
}

#: The stand-ins by the names that mmengine writes.
HISTORY_NAMES = {
    f'{HistoryBuffer.__module__}.{HistoryBuffer.__qualname__}': SavedHistory,
    'builtins.getattr': _history_method,
}
