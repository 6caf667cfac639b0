"""Numbers as JSON holds them."""
import math
from collections.abc import Iterable


def plain(value):
    """The same with lists for arrays, numbers of Python's and None for nan."""
    value = value.tolist() if hasattr(value, 'tolist') else value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [plain(part) for part in value]
    return value
