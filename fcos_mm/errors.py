"""``UserError``, for mistakes that a user can fix, and how messages show values."""


class UserError(Exception):
    """Input or settings are wrong in a way that the user can fix.

    The message names the file, image or key at fault and says what to do. The command-line
    tools print it without a traceback and exit with status 2.
    """


def shorten(value: object, limit: int = 80) -> str:
    """The ``repr`` of a value, cut for use in a message.

    Args:
        value: The value.
        limit: Number of characters to keep.
    """
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + '...'


def check_choice(name: str, value: object, allowed: tuple) -> None:
    """Raise a ValueError that names the option unless its value is one of those allowed."""
    if value not in allowed:
        raise ValueError(f'{name} must be one of {allowed}, got {value!r}')
