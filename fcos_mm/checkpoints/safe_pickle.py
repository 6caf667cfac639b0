"""Read pickles of plain data, tensors and arrays; nothing else in them is built."""
import io
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.storage import TypedStorage

from fcos_mm.checkpoints.saved_objects import NUMPY_NAMES, ForbiddenContent, check_plain
from fcos_mm.compat.checkpoint_loading import rebuild_tensor
from fcos_mm.errors import UserError


def load_plain_pickle(path: str) -> Any:
    """Load containers, numbers, text, tensors and NumPy arrays from a pickle file, and run nothing.

    Raises:
        UserError: If it is damaged or holds anything else.
    """
    try:
        with open(path, 'rb') as file, warnings.catch_warnings():
            # how tensors outside of torch.save are written
            warnings.filterwarnings('ignore', 'TypedStorage is deprecated')
            loaded = _PlainUnpickler(file).load()
            check_plain(loaded)
    except ForbiddenContent as error:
        raise UserError(f'{path} could run code, so it is not read: {error}.') from error
    except Exception as error:  # a file can be wrong in any way
        raise UserError(f'{path} cannot be read as a pickle file: '
                        f'{str(error) or type(error).__name__}.') from error
    return loaded


class _PlainUnpickler(pickle._Unpickler):
    """Python's own unpickler; the memo of the one in C is as large as a file cares to ask."""

    def find_class(self, module: str, name: str) -> Callable:
        try:
            return _NAMES[f"{module.replace('__builtin__', 'builtins')}.{name}"]
        except KeyError:
            raise ForbiddenContent(f'it asks for {module}.{name}') from None

    def get_extension(self, code: int) -> None:
        raise ForbiddenContent(f'it asks for extension {code}')


class _Maker:
    """A function that a pickle can call and cannot change."""
    __slots__ = ('_function', )

    def __init__(self, function: Callable) -> None:
        self._function = function

    def __call__(self, *values) -> Any:
        return self._function(*values)

    def __setstate__(self, state: Any) -> None:
        raise ForbiddenContent('it changes what it calls')


def _storage(content: bytes) -> TypedStorage:
    """The numbers of a tensor, which ``torch.save`` wrote."""
    storage = torch.load(io.BytesIO(content), map_location='cpu', weights_only=True)
    if not isinstance(storage, TypedStorage):
        raise ForbiddenContent('a tensor is not made of numbers')
    return storage


def _tensor(storage: TypedStorage, offset: int, size: tuple, stride: tuple, *more) -> Tensor:
    """A tensor over a storage, without gradients and hooks."""
    if not isinstance(storage, TypedStorage):
        raise ForbiddenContent('a tensor is not made of numbers')
    return rebuild_tensor(storage, offset, size, stride)


def _encode(text: str, encoding: str = 'latin1') -> bytes:
    """Bytes, as old protocols write them."""
    if encoding != 'latin1':
        raise ForbiddenContent(f'it asks for the encoding {encoding!r}')
    return text.encode('latin1')


_NAMES = {
    **{name: thing if isinstance(thing, type) else _Maker(thing)
       for name, thing in NUMPY_NAMES.items()},
    'torch._utils._rebuild_tensor_v2': _Maker(_tensor),
    'torch.storage._load_from_bytes': _Maker(_storage),
    'collections.OrderedDict': _Maker(dict),
    '_codecs.encode': _Maker(_encode),
}
