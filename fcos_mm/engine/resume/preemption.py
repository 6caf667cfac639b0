"""A cluster asks a run to stop; all ranks hear of it together.

Schedulers announce the end with SIGTERM, Slurm with the signal that
``--signal`` names, mostly SIGUSR1. A run that has saved and stopped exits with
status 75 (``EX_TEMPFAIL``: try again later).
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

from fcos_mm.engine.resume.signals import blocked, handle, make_worker, restore

EXIT_STATUS = 75
SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


class StopRequest:
    """Notes that one of the signals came, instead of dying of it.

    Processes that are forked meanwhile, as by a metric, die of it as usual.

    Attributes:
        name: The name of the signal; None as long as none came.
    """

    def __init__(self) -> None:
        self.name: str | None = None

    def listen(self) -> None:
        """Handle the signals from now on. Only the main thread can."""
        if threading.current_thread() is threading.main_thread():
            handle(SIGNALS, self._note)

    def ignore(self) -> None:
        """Handle the signals as before."""
        restore()

    def _note(self, number: int, frame) -> None:
        self.name = signal.Signals(number).name


class Agreement:
    """What the ranks want, without one waiting for another.

    Every rank names a number after each iteration; an iteration later all know
    the largest. It travels beside the gradients, between the CPUs. A single
    process knows its own number at once.
    """

    def __init__(self) -> None:
        self._group = distributed.new_group(backend='gloo') if get_world_size() > 1 else None
        self._largest: torch.Tensor | None = None
        self._work = None

    def exchange(self, wish: Callable[[], int], act: Callable[[int], None]) -> None:
        """Act on what was wanted, then say what is wanted now.

        Args:
            wish: Returns the number of this rank.
            act: Called with the largest number of all ranks, on all of them at
                the same iteration.
        """
        if self._group is None:
            act(wish())
            return
        self.finish(act)
        self._largest = torch.tensor(wish())
        self._work = distributed.all_reduce(
            self._largest, distributed.ReduceOp.MAX, self._group, async_op=True)

    def finish(self, act: Callable[[int], None]) -> None:
        """Act on the last exchange.

        Args:
            act: As in :meth:`exchange`.
        """
        if self._work is not None:
            self._work.wait()
            self._work = None
            act(int(self._largest))


def spare_workers(loader: DataLoader) -> None:
    """Let a loader's workers live on when the whole process group is signalled.

    They end with their parent. Without them it could not finish its iteration.

    Args:
        loader: A loader that has not started its workers.
    """
    loader.worker_init_fn = partial(_start_worker, loader.worker_init_fn)
    if type(loader) is DataLoader:
        loader.__class__ = _SparedLoader


class _SparedLoader(DataLoader):
    """Its workers are born deaf to the signals, until they can handle them."""

    def __iter__(self):
        with blocked(SIGNALS):
            return super().__iter__()


def _start_worker(then: Callable[[int], None] | None, worker_id: int) -> None:
    make_worker(ended_by=signal.SIGTERM, ignored=signal.SIGUSR1)
    threading.Thread(target=_obey_parent, args=(os.getppid(), ), daemon=True).start()
    if then is not None:
        then(worker_id)


def _obey_parent(parent: int) -> None:
    """End when the parent says so; the cluster's signal is the parent's business."""
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)
