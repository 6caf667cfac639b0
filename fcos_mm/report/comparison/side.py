"""One of two runs that are compared."""
from collections.abc import Mapping
from dataclasses import dataclass

from fcos_mm.report.results import Results


@dataclass(frozen=True)
class Side:
    """A run.

    Attributes:
        letter: What the page calls it, ``'A'`` or ``'B'``.
        source: The file of its report's numbers.
        numbers: These numbers, by the keys of the chapters.
        results: Its detections; None where they are not kept.
    """

    letter: str
    source: str
    numbers: Mapping[str, Mapping]
    results: Results | None


def difference(before: float | None, after: float | None) -> float | None:
    """How much higher the second number is; None where one is unknown."""
    return None if before is None or after is None else after - before
