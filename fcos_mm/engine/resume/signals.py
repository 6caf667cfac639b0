"""Signals that this process handles and that the processes it forks must not.

``multiprocessing.Pool`` ends its workers with SIGTERM. A worker that has
inherited a handler which only takes a note of the signal never ends, and the
pool waits for it for ever.
"""
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator

_before: dict = {}  # number -> the handler before ours, as long as ours is set
_masks = threading.local()


def handle(numbers: Iterable[int], handler: Callable) -> None:
    """Handle signals from now on, in this process alone. Only the main thread can.

    Args:
        numbers: The signals.
        handler: As for ``signal.signal``.
    """
    for number in numbers:
        before = signal.signal(number, handler)
        _before.setdefault(number, before)


def restore() -> None:
    """Handle the signals as before."""
    for number, handler in _before.items():
        signal.signal(number, handler)
    _before.clear()


@contextlib.contextmanager
def blocked(numbers: Iterable[int]) -> Iterator[None]:
    """Block signals in this thread; threads and processes started meanwhile inherit that.

    Args:
        numbers: The signals.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def make_worker(ended_by: int, ignored: int) -> None:
    """Let this process, a worker of a loader, survive signals to the whole group.

    Args:
        ended_by: The signal is blocked, and so in new threads, where one can wait for it.
        ignored: The signal does nothing.
    """
    # A handler, not SIG_IGN: programs that the worker starts do not inherit it.
    handle([ignored], _do_nothing)
    signal.siginterrupt(ignored, False)
    _before[ended_by] = signal.SIG_DFL
    signal.pthread_sigmask(signal.SIG_BLOCK, {ended_by})
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {ignored})
    os.register_at_fork(
        after_in_child=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, {ended_by}))


def _do_nothing(number: int, frame) -> None:
    pass


def _before_fork() -> None:
    """A signal that comes before the child has its handlers back must wait, not get lost."""
    _masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, _before) if _before else None


def _after_fork() -> None:
    if getattr(_masks, 'before', None) is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _masks.before)
        _masks.before = None


def _after_fork_in_child() -> None:
    # The thread that forks is the child's main thread.
    restore()
    _after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork,
                    after_in_child=_after_fork_in_child)
