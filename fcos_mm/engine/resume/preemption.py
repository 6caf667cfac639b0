"""Stop all ranks together when a cluster announces the end with a signal.

Schedulers announce the end with SIGTERM, Slurm with the signal that ``--signal`` names, mostly
SIGUSR1. A run that has saved and stopped exits with status 75 (``EX_TEMPFAIL``: try again later).

Processes that are forked meanwhile must not inherit the handlers: ``multiprocessing.Pool`` ends
its workers with SIGTERM, and waits for ever for one that only takes a note of it.
"""
import os
import signal
import threading
from collections.abc import Callable
from functools import partial

import torch
from mmengine.dist import get_world_size
from torch import distributed
from torch.utils.data import DataLoader

EXIT_STATUS = 75
SIGNALS = (signal.SIGTERM, signal.SIGUSR1)

_previous: dict = {}  # handlers before ours, by signal, as long as ours are set
_masks = threading.local()


class StopRequest:
    """Records that one of the signals came, instead of dying of it."""

    def __init__(self) -> None:
        self.name: str | None = None  # of the signal that came

    def listen(self) -> None:
        """Handle the signals from now on. Only the main thread can."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                _handle(number, self._note)

    @staticmethod
    def ignore() -> None:
        """Handle the signals as before."""
        for number, handler in _previous.items():
            signal.signal(number, handler)
        _previous.clear()

    def _note(self, number: int, frame) -> None:
        self.name = signal.Signals(number).name


class Agreement:
    """All-reduces what the ranks want, without one waiting for another.

    Every rank names a number after each iteration; an iteration later all know the largest. It
    travels beside the gradients, between the CPUs. A single process knows its own at once.
    """

    def __init__(self) -> None:
        self._group = distributed.new_group(backend='gloo') if get_world_size() > 1 else None
        self._largest: torch.Tensor | None = None
        self._work = None

    def exchange(self, wish: Callable[[], int], act: Callable[[int], None]) -> None:
        """Call ``act`` with the largest number that was named, then name that of ``wish``."""
        if self._group is None:
            act(wish())
            return
        self.finish(act)
        self._largest = torch.tensor(wish())
        self._work = distributed.all_reduce(
            self._largest, distributed.ReduceOp.MAX, self._group, async_op=True)

    def finish(self, act: Callable[[int], None] = lambda largest: None) -> None:
        """Wait for the last exchange, and act on it."""
        if self._work is not None:
            self._work.wait()
            self._work = None
            act(int(self._largest))


def spare_workers(loader: DataLoader) -> None:
    """Keep the workers of a new loader alive when the whole process group is signalled.

    They end with their parent. Without them it could not finish its iteration.
    """
    loader.worker_init_fn = partial(_start_worker, loader.worker_init_fn)
    if type(loader) is DataLoader:
        loader.__class__ = _SparedLoader


class _SparedLoader(DataLoader):
    """Starts its workers with the signals blocked, until they can handle them."""

    def __iter__(self):
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            return super().__iter__()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _start_worker(then: Callable[[int], None] | None, worker_id: int) -> None:
    """Ignore SIGUSR1; SIGTERM stays blocked, and a thread waits for the parent's."""
    # A handler, not SIG_IGN: programs that the worker starts do not inherit it.
    _handle(signal.SIGUSR1, lambda number, frame: None)
    signal.siginterrupt(signal.SIGUSR1, False)
    _previous[signal.SIGTERM] = signal.SIG_DFL
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    os.register_at_fork(after_in_child=lambda: signal.pthread_sigmask(
        signal.SIG_UNBLOCK, {signal.SIGTERM}))
    threading.Thread(target=_obey_parent, args=(os.getppid(), ), daemon=True).start()
    if then is not None:
        then(worker_id)


def _obey_parent(parent: int) -> None:
    """End when the parent says so; the cluster's signal is the parent's business."""
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)


def _handle(number: int, handler: Callable) -> None:
    """Handle a signal in this process, but not in those that it forks."""
    _previous.setdefault(number, signal.signal(number, handler))


def _before_fork() -> None:
    """Block the signals until the child has its handlers back: none may get lost."""
    _masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, _previous) if _previous else None


def _after_fork() -> None:
    if _masks.before is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _masks.before)


def _after_fork_in_child() -> None:
    StopRequest.ignore()  # the thread that forks is the child's main thread
    _after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork,
                    after_in_child=_after_fork_in_child)
