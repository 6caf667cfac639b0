"""A clock that stands still while the process does."""
import threading
import time


class RunningClock:
    """Seconds for which this process has run.

    A job that its user or the cluster suspends (SIGSTOP to all its processes)
    does not grow older. Whether the process runs is known from ticks, which a
    thread has to make all the time: from one to the next at most
    ``longest_gap`` seconds count.

    Args:
        longest_gap: More than a running process needs from tick to tick, in seconds.
    """

    def __init__(self, *, longest_gap: float) -> None:
        self.longest_gap = longest_gap
        self._lock = threading.Lock()
        self._stopped = 0.  # seconds that did not count
        self._last_tick: float | None = None

    def tick(self) -> None:
        """The process runs."""
        with self._lock:
            now = time.monotonic()
            self._stopped += self._excess(now)
            self._last_tick = now

    def now(self) -> float:
        """Seconds since some moment; all count as long as there was no tick."""
        with self._lock:
            now = time.monotonic()
            return now - self._stopped - self._excess(now)

    def _excess(self, now: float) -> float:
        """Seconds since the last tick that do not count."""
        if self._last_tick is None:
            return 0.
        return max(0., now - self._last_tick - self.longest_gap)
