"""Suggest what a misspelt name was meant to be."""
import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The most similar known name, ignoring case; None below a similarity of ``cutoff``."""
    by_lower = {option.lower(): option for option in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question to append to a message: ``" Did you mean 'NAME'?"``, or nothing."""
    found = nearest(name, known)
    return f' Did you mean {found!r}?' if found else ''
