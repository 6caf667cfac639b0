"""One benchmark case: ours, its peers, and the comparison of results."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class NotAvailable(RuntimeError):
    """Raised by a case or a peer that cannot run here; the message is the reason."""


@dataclass(frozen=True)
class Case:
    """One computation by ours and by its peers.

    Attributes:
        name: the case as the table shows it, such as
            ``'50 boxes, center sampling 1.5'``.
        ours: runs ours once and returns the result to compare.
        peers: the same by the peer's name, such as ``'mmdet'``. If empty,
            only ours is timed.
        same: compares our result with a peer's; returns ``''`` if they agree,
            else how they differ.
        columns: further values of the case's rows in the JSON file, such as
            the number of boxes, for plots.
    """

    name: str
    ours: Callable[[], object]
    peers: Mapping[str, Callable[[], object]]
    same: Callable[[object, object], str]
    columns: Mapping[str, object] = field(default_factory=dict)
