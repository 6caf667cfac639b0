"""The entries of mmengine's configs as they are stored, lazily imported objects left unbuilt."""
from collections.abc import Iterable
from typing import Any

from mmengine.config import Config


def raw_items(value: Any) -> Iterable[tuple[Any, Any]]:
    """Keys or indices, and values, of a config, dict or collection; nothing of a plain value."""
    if isinstance(value, Config):
        value = value._cfg_dict
    if isinstance(value, dict):
        return dict.items(value)
    return enumerate(value) if isinstance(value, (list, tuple, set)) else ()
