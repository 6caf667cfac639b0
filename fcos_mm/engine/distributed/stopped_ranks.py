"""Kill ranks that stay stopped (SIGSTOP), from their launcher.

The watchdog of the other ranks ends such a rank in the midst of training, but not one on another
machine, nor one that stops before there is a watchdog.
"""
import contextlib
import os
import signal
import socket
import threading
import time
from collections import Counter
from pathlib import Path

from fcos_mm.engine.distributed.worker_exit import ERROR_FILE, record_exit

#: Seconds for which a rank may be stopped: the watchdog, which says more, comes before.
PATIENCE = 45


class StoppedRanks(threading.Thread):
    """Looks every second for stopped child processes and kills those that stay stopped.

    A job of one machine whose processes are all stopped has been suspended and is left alone.
    Looks are counted, not seconds: a launcher that is stopped itself does not count on.

    Args:
        machines: On how many machines the job runs.
        patience: Looks after which a stopped rank is killed.
    """

    def __init__(self, *, machines: int, patience: int = PATIENCE) -> None:
        super().__init__(name='stopped ranks', daemon=True)
        self.machines = machines
        self.patience = patience
        self._looks: Counter = Counter()

    def run(self) -> None:
        """Look every second, for ever."""
        while True:
            time.sleep(1)
            self.look()

    def look(self) -> None:
        """Count the looks in which each rank was stopped, and kill those that had enough."""
        ranks = child_processes()
        stopped = [pid for pid in ranks if _is_stopped(pid)]
        if self.machines == 1 and len(stopped) == len(ranks):
            stopped = []
        self._looks = Counter({pid: self._looks[pid] + 1 for pid in stopped})
        for pid, looks in self._looks.items():
            if looks > self.patience:
                self._kill(pid)

    def _kill(self, pid: int) -> None:
        with contextlib.suppress(OSError, KeyError):  # it is gone, or no rank
            words = Path(f'/proc/{pid}/environ').read_bytes().decode(errors='replace').split('\0')
            environ = dict(word.split('=', 1) for word in words if '=' in word)
            name = f'rank {environ["RANK"]} ({socket.gethostname()}, process {pid})'
            record_exit(f'error: {name} was stopped (SIGSTOP) for {self.patience} s and was '
                        'killed.', 1, path=environ[ERROR_FILE])
            os.kill(pid, signal.SIGKILL)


def child_processes() -> list[int]:
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
