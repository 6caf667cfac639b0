"""One case measured: the answers first, then the memory, then the time."""
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fcos_mm.analysis.peak_memory import MEGABYTE, peak_extra_memory
from harness.case import Case, NotAvailable
from harness.turns import ratio, time_in_turns

#: Bytes that Python's own objects take where there are no tensors and arrays.
UNSEEN = 4096


class DifferentAnswersError(RuntimeError):
    """Ours and a peer do not give the same answer, so nothing is timed."""


@dataclass(frozen=True)
class Options:
    """How thoroughly to measure.

    Attributes:
        device: ``'cpu'`` or ``'cuda'``.
        rounds: maximum number of rounds.
        seconds: approximate time for the rounds of one case.
        say: called with lines of progress.
    """

    device: str = 'cpu'
    rounds: int = 21
    seconds: float = 60.
    say: Callable[[str], None] = lambda line: None


def measure(what: str, case: Case, options: Options) -> list[dict]:
    """Check, then measure one case.

    Args:
        what: the WHAT the case belongs to.
        case: the case.
        options: how to measure.

    Returns:
        One row for each peer, or one row without a peer: ``what``, ``case``,
        ``ours_ms``, ``peer``, ``peer_ms`` (medians over the rounds), ``ratio``
        (peer / ours, the median over the rounds), ``ratio_low`` and
        ``ratio_high`` (its quartiles), ``ours_best_ms``, ``peer_best_ms`` (the
        fastest rounds, which load affects least), ``ours_mem_mb``,
        ``peer_mem_mb``, ``rounds``, and the case's columns.
        A value is None where there is nothing to measure.

    Raises:
        DifferentAnswersError: a peer has another result than ours.
        NotAvailable: ours cannot run here.
    """
    peers = dict(agreeing_peers(what, case, options.say))
    runs = {'ours': case.ours, **peers}
    options.say(f'{what}: {case.name}: memory')
    memory = {name: megabytes(run, options.device) for name, run in runs.items()}
    options.say(f'{what}: {case.name}: time')
    times = time_in_turns(
        runs, rounds=options.rounds, seconds=options.seconds, device=options.device)
    return [
        dict(what=what, case=case.name, peer=peer, **compared(times['ours'], times.get(peer)),
             ours_mem_mb=memory['ours'], peer_mem_mb=memory.get(peer), **case.columns)
        for peer in peers or [None]
    ]


def compared(ours: list[float], peer: list[float] | None) -> dict:
    """The columns of a row that come from the times of the rounds."""
    columns = dict(ours_ms=statistics.median(ours), ours_best_ms=min(ours), rounds=len(ours),
                   peer_ms=None, peer_best_ms=None, ratio=None, ratio_low=None, ratio_high=None)
    if peer is not None:
        spread = ratio(peer, ours)
        columns.update(peer_ms=statistics.median(peer), peer_best_ms=min(peer),
                       ratio=spread.median, ratio_low=spread.low, ratio_high=spread.high)
    return columns


def agreeing_peers(what: str, case: Case,
                   say: Callable[[str], None]) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the peers with the same result as ours; this also warms everything up.

    Raises:
        DifferentAnswersError: a peer has another result than ours.
    """
    say(f'{what}: {case.name}: first run of ours')
    answer = case.ours()
    for name, peer in case.peers.items():
        say(f'{what}: {case.name}: checking that {name} gives the same result')
        try:
            difference = case.same(answer, peer())
        except NotAvailable as reason:
            say(f'{what}: {case.name}: {name} not available: {reason}')
            continue
        if difference:
            raise DifferentAnswersError(
                f'{what}: {case.name}: not timed, ours and {name} differ: {difference}')
        yield name, peer


def megabytes(run: Callable[[], object], device: str) -> float | None:
    """Peak extra memory in MB; None if it is allocated where it is not seen."""
    peak = peak_extra_memory(run, device)
    return peak / MEGABYTE if peak > UNSEEN else None
