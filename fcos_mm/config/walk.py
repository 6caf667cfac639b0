"""Going through everything inside a config."""
from collections.abc import Iterator

from mmengine.config import ConfigDict


def walk(value, key: str = '') -> Iterator[tuple[str, object]]:
    """Go through a value and all that is inside it, the outer before the inner ones.

    Args:
        value: A config's dictionary, or any part of it.
        key: The dotted key of this part.

    Yields:
        The dotted key, as ``--cfg-options`` takes it, and the value.
    """
    yield key, value
    if isinstance(value, ConfigDict):
        parts = dict.items(value)  # a lazily imported type stays as it is
    elif isinstance(value, dict):
        parts = value.items()
    else:
        parts = enumerate(value) if isinstance(value, (list, tuple, set)) else ()
    for name, part in parts:
        yield from walk(part, f'{key}.{name}' if key else str(name))
