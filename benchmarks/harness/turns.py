"""Time several functions in turns.

Load and temperature of a machine change from second to second. Functions that
take turns meet the same conditions; the ratio of two is computed within a round,
and the median over the rounds.
"""
import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch

#: Minimum number of rounds, whatever time they take.
FEWEST_ROUNDS = 3


class Ratio(NamedTuple):
    """Median and quartiles of the ratios of the rounds."""

    median: float
    low: float
    high: float


def time_in_turns(runs: Mapping[str, Callable[[], object]], *, rounds: int, seconds: float,
                  device: str) -> dict[str, list[float]]:
    """Time every function once a round; every other round goes backwards.

    Args:
        runs: what is timed, by name. Already called before, to be warm.
        rounds: maximum number of rounds.
        seconds: no new round begins after this time, once there were
            ``FEWEST_ROUNDS``.
        device: ``'cpu'`` or ``'cuda'``.

    Returns:
        Milliseconds of each round, by name.
    """
    times = {name: [] for name in runs}
    start = time.perf_counter()
    gc.collect()
    for turn in range(rounds):
        if turn >= FEWEST_ROUNDS and time.perf_counter() - start > seconds:
            break
        for name in list(runs)[::-1 if turn % 2 else 1]:
            times[name].append(_milliseconds(runs[name], device))
    return times


def _milliseconds(run: Callable[[], object], device: str) -> float:
    """Time one call, from an idle device to an idle device."""
    _wait_for(device)
    collects = gc.isenabled()
    gc.disable()
    try:
        start = time.perf_counter()
        answer = run()
        _wait_for(device)
        elapsed = time.perf_counter() - start
    finally:
        if collects:
            gc.enable()
    del answer  # freeing it is not timed
    return 1000 * elapsed


def _wait_for(device: str) -> None:
    if torch.device(device).type == 'cuda':
        torch.cuda.synchronize(device)


def ratio(numerators: list[float], denominators: list[float]) -> Ratio:
    """The ratio of two functions timed in turns.

    >>> ratio([2.0, 9.0, 4.0], [1.0, 1.0, 1.0])
    Ratio(median=4.0, low=3.0, high=6.5)
    """
    ratios = [there / here for there, here in zip(numerators, denominators, strict=True)]
    if len(ratios) == 1:
        return Ratio(*ratios * 3)
    low, median, high = statistics.quantiles(ratios, n=4, method='inclusive')
    return Ratio(median, low, high)
