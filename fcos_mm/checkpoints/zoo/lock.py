"""One process at a time."""
import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of a file; the lock of a process that dies is free at once.

    The lock is ``.<name>.lock`` beside the file and stays there. Without locks of the system, as on
    Windows, nothing is locked.

    Args:
        path: The file.
        waiting: Called once if another process holds the lock.
    """
    handle = os.open(path.with_name(f'.{path.name}.lock'), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(handle, waiting)
        yield
    finally:
        os.close(handle)  # which unlocks it


def _lock(handle: int, waiting: Callable[[], None]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    with contextlib.suppress(OSError):  # a file system without locks
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
