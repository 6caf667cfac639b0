"""NumPy's arrays out of a pickle, without NumPy's own way of restoring them.

``numpy.dtype.__setstate__`` takes any state: a type of numbers that calls
itself a field of objects makes NumPy follow addresses out of the file. Here
types are made from their names, arrays from bytes, and nothing else.
"""
import re
from typing import Any

import numpy as np

from fcos_mm.checkpoints.plain import ForbiddenContent

_PLAIN = re.compile(r'([biuf][1248]|f16|[SU]\d+)')  # truth values, numbers, text
_ORDERS = {'<': '<', '>': '>', '|': '=', '=': '='}


class SavedType:
    """Stands for a ``numpy.dtype`` while a file is read.

    Args:
        name: Such as ``f8``.
        align: As NumPy writes it; has no meaning for numbers.
        copy: As NumPy writes it.

    Raises:
        ForbiddenContent: If it is not a type of numbers or text.
    """
    __slots__ = ('dtype', )

    def __init__(self, name: str, align: bool = False, copy: bool = True) -> None:
        if not isinstance(name, str) or not _PLAIN.fullmatch(name):
            raise ForbiddenContent(f'arrays of {name!r} are not allowed')
        self.dtype = np.dtype(name)

    def __setstate__(self, state: tuple) -> None:
        if not isinstance(state, tuple) or len(state) < 5 or state[2:5] != (None, None, None):
            raise ForbiddenContent('arrays with fields are not allowed')
        if state[1] not in _ORDERS:
            raise ForbiddenContent(f'the byte order {state[1]!r} is not known')
        self.dtype = self.dtype.newbyteorder(_ORDERS[state[1]])


class SavedArray(np.ndarray):
    """An array out of a file; it is written as any other array."""

    def __new__(cls) -> 'SavedArray':
        """Make an array that waits for its content."""
        array = super().__new__(cls, (0, ))
        array.is_filled = False
        return array

    def __setstate__(self, state: tuple) -> None:
        # A second filling would free the memory that others may look at.
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


def empty_array(cls: type, shape: tuple, kind: bytes) -> SavedArray:
    """What ``numpy.core.multiarray._reconstruct`` is in a file.

    Args:
        cls: The class; :class:`SavedArray`, whatever the file says.
        shape: Not used: the content comes with its own.
        kind: Not used.
    """
    return SavedArray()


def saved_scalar(saved_type: SavedType, content: bytes) -> np.generic:
    """What ``numpy.core.multiarray.scalar`` is in a file.

    Args:
        saved_type: Its type.
        content: Its bytes.

    Raises:
        ForbiddenContent: If they are something else.
    """
    if type(saved_type) is not SavedType or not isinstance(content, bytes):
        raise ForbiddenContent('a number is not made of bytes')
    values = np.frombuffer(content, saved_type.dtype)
    if len(values) != 1:
        raise ForbiddenContent(f'{len(content)} bytes are not one {saved_type.dtype}')
    return values[0]


def no_bytes() -> bytes:
    """What ``bytes`` is in a file: the content of an array of size 0."""
    return b''


#: What stands for the names that NumPy 1 and NumPy 2 write.
NUMPY_NAMES = {
    'numpy.ndarray': SavedArray,
    'numpy.dtype': SavedType,
    'builtins.bytes': no_bytes,
    **{f'numpy.{module}.multiarray.{name}': function for module in ('core', '_core')
       for name, function in (('_reconstruct', empty_array), ('scalar', saved_scalar))},
}
