"""Ranks that were stopped (SIGSTOP) and do not go on: their launcher ends them.

The watchdog of the other ranks ends such a rank in the midst of training, but
not one on another machine, nor one that stops before there is a watchdog.
"""
import contextlib
import os
import signal
import socket
import threading
import time
from collections import Counter
from pathlib import Path

from fcos_mm.engine.distributed.rank_end import ATTEMPT, RankEnd, write_end

_LOOK_SECONDS = 1.0
#: Looks after which a stopped rank is killed: the watchdog, which says more, comes before.
PATIENCE = 45


class StoppedRanks(threading.Thread):
    """Kills child processes that stay stopped, and notes it.

    Where all processes of a job are stopped, someone has suspended it, and it
    is left alone. A launcher that is stopped itself does not count on.

    Args:
        folder: Where ranks note how they ended.
        machines: On how many machines the job runs.
        patience: For so many seconds a rank may be stopped.
    """

    def __init__(self, folder: Path, *, machines: int, patience: int = PATIENCE) -> None:
        super().__init__(name='stopped ranks', daemon=True)
        self.folder = folder
        self.machines = machines
        self.patience = patience
        self._looks: Counter = Counter()  # of each process, in which it was stopped

    def run(self) -> None:
        """Look every second, for ever."""
        while True:
            time.sleep(_LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Count the looks in which each rank was stopped, and kill those that had enough."""
        ranks = _children()
        stopped = [pid for pid in ranks if _is_stopped(pid)]
        if self.machines == 1 and len(stopped) == len(ranks):
            stopped = []
        self._looks = Counter({pid: self._looks[pid] + 1 for pid in stopped})
        for pid, looks in self._looks.items():
            if looks > self.patience / _LOOK_SECONDS:
                self._end(pid)

    def _end(self, pid: int) -> None:
        with contextlib.suppress(OSError, KeyError):  # it is gone, or no rank
            environ = _environ(pid)
            rank = int(environ['RANK'])
            message = (f'rank {rank} ({socket.gethostname()}, process {pid}) was stopped '
                       f'(SIGSTOP) for {self.patience} s and was killed.')
            write_end(self.folder, int(environ.get(ATTEMPT, 0)), RankEnd(
                rank, socket.gethostname(), pid, 1, 'stall', message, '', time.time()))
            os.kill(pid, signal.SIGKILL)


def _children() -> list[int]:
    """The child processes of this one; none where the system does not tell."""
    found = []
    for path in Path('/proc/self/task').glob('*/children'):
        with contextlib.suppress(OSError):  # the thread has ended
            found += [int(word) for word in path.read_text().split()]
    return found


def _is_stopped(pid: int) -> bool:
    with contextlib.suppress(OSError):  # it is gone
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] == 'T'
    return False


def _environ(pid: int) -> dict:
    words = Path(f'/proc/{pid}/environ').read_bytes().decode(errors='replace').split('\0')
    return dict(word.split('=', 1) for word in words if '=' in word)
