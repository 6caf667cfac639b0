"""What a misspelt name was probably meant to be."""
import difflib
from collections.abc import Iterable

_CUTOFF = 0.6  # similarity from 0 to 1 below which a name is no suggestion


def nearest(name: str, known: Iterable[str], cutoff: float = _CUTOFF) -> str | None:
    """Find the known name that is most similar to another.

    Args:
        name: The name that was written; letter case does not count.
        known: Names that exist.
        cutoff: Similarity from 0 to 1 below which a name does not count.

    Returns:
        The most similar name; None if none is similar.
    """
    by_lower = {option.lower(): option for option in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Phrase the nearest name as a question to append to a message.

    Args:
        name: The name that was written.
        known: Names that exist.

    Returns:
        ``" Did you mean 'NAME'?"``, or nothing if no name is similar.
    """
    found = nearest(name, known)
    return f' Did you mean {found!r}?' if found else ''
