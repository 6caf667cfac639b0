"""Whether what came out of a file is data and nothing else."""
import pickle
from typing import Any

from torch import Tensor


class ForbiddenContent(pickle.UnpicklingError):
    """A file asks for more than data."""


def check_plain(loaded: Any) -> None:
    """Make sure that a loaded object holds no functions and no impostors.

    A pickle can name a function that is allowed while it is read, and can give
    an ``OrderedDict`` attributes such as ``__array_interface__``, by which
    NumPy would take it for an array at any address.

    Args:
        loaded: Containers, numbers, text and tensors.

    Raises:
        ForbiddenContent: If there is something else in it.
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
