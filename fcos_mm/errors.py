"""The one exception for mistakes that a user can mend, and how it shows values."""


class UserError(Exception):
    """Input or settings are wrong in a way the user can put right.

    The message names the file, image or key at fault and says what to do.
    The command-line tools print it without a traceback and exit with
    status 2.
    """


def shorten(value: object, limit: int = 80) -> str:
    """A value as a message shows it.

    Args:
        value: What stands in the file.
        limit: Characters that are shown.
    """
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + '...'
