"""What one measurement consists of."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class NotAvailable(RuntimeError):
    """Raised by a case or a peer that cannot run here; the message is the reason."""


@dataclass(frozen=True)
class Case:
    """One thing done by ours and by its peers.

    Attributes:
        name: the case as the table shows it, such as
            ``'50 boxes, center sampling 1.5'``.
        ours: runs ours once and returns what is compared.
        peers: the same by the name of who does it, such as ``'mmdet'``. May be
            empty: ours alone is timed then.
        same: compares an answer of ours with a peer's; returns ``''`` when they
            agree and otherwise says how they differ.
        columns: further values of the case's rows in the JSON file, such as
            the number of boxes, for plots.
    """

    name: str
    ours: Callable[[], object]
    peers: Mapping[str, Callable[[], object]]
    same: Callable[[object, object], str]
    columns: Mapping[str, object] = field(default_factory=dict)
