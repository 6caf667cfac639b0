"""Suggest what a misspelt name was meant to be."""
import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that is most similar to another, ignoring case.

    Args:
        name: The name that was written.
        known: Names that exist.
        cutoff: Similarity from 0 to 1 below which a name does not count.

    Returns:
        The most similar name; None if none is similar.
    """
    by_lower = {option.lower(): option for option in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question to append to a message: ``" Did you mean 'NAME'?"``, or nothing."""
    found = nearest(name, known)
    return f' Did you mean {found!r}?' if found else ''
