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
