"""Kill ranks that stay stopped (SIGSTOP), from their launcher.

The watchdog of the other ranks ends such a rank in the midst of training, but not one on another
machine, nor one that stops before there is a watchdog.
"""
import contextlib
import os
import signal
import time
from collections import Counter
from pathlib import Path

from fcos_mm.engine.distributed.worker_exit import ERROR_FILE, describe_rank, record_exit

#: Seconds for which a rank may be stopped: the watchdog, which says more, comes before.
PATIENCE = 45


def watch_stopped_ranks(machines: int) -> None:
    """Look every second, for ever; for a thread of the launcher of one of so many machines.

    Looks are counted, not seconds: a launcher that is stopped itself does not count on.
    """
    looks: Counter = Counter()
    while True:
        time.sleep(1)
        looks = kill_stopped(looks, child_processes(), machines)


def kill_stopped(looks: Counter, ranks: list[int], machines: int) -> Counter:
    """Kill the ranks that were stopped in more than ``PATIENCE`` looks.

    A job of one machine whose ranks are all stopped has been suspended and is left alone.
    ``looks`` counts in how many looks each process was stopped; returned with this one.
    """
    stopped = [pid for pid in ranks if _is_stopped(pid)]
    if machines == 1 and len(stopped) == len(ranks):
        stopped = []
    looks = Counter({pid: looks[pid] + 1 for pid in stopped})
    for pid in [pid for pid in looks if looks[pid] > PATIENCE]:
        with contextlib.suppress(OSError, KeyError):  # it is gone, or no rank
            words = Path(f'/proc/{pid}/environ').read_bytes().decode(errors='replace').split('\0')
            environ = dict(word.split('=', 1) for word in words if '=' in word)
            record_exit(f'error: {describe_rank(environ["RANK"], pid)} was stopped (SIGSTOP) for '
                        f'{PATIENCE} s and was killed.', 1, path=environ[ERROR_FILE])
            os.kill(pid, signal.SIGKILL)
    return looks


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
