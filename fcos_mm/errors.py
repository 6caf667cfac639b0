"""``UserError``, for mistakes that a user can fix, and what its messages say of values."""
from collections.abc import Iterable


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


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or the name of its class if it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].strip()


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The most similar known name, ignoring case; None below a similarity of ``cutoff``."""
    import difflib  # 3 ms
    by_lower = {option.lower(): option for option in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question to append to a message: ``" Did you mean 'NAME'?"``, or nothing."""
    found = nearest(name, known)
    return f' Did you mean {found!r}?' if found else ''
