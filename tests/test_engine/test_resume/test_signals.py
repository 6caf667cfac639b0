"""Signals that a training handles are no business of the processes it forks."""
import contextlib
import multiprocessing
import os
import signal
import subprocess
import time

import pytest
from torch.utils.data import DataLoader

from fcos_mm.engine.resume.preemption import StopRequest, spare_workers

fork = multiprocessing.get_context('fork')


def sleeping_child():
    """The process of a child that has been asked to end while it was being born."""
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    os.kill(child, signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def pools(end):
    for _ in range(3):
        pool = fork.Pool(2)
        assert pool.map(abs, range(-4, 0)) == [4, 3, 2, 1]
        getattr(pool, end)()
        del pool


def children_signalled_at_once():
    assert [sleeping_child() for _ in range(20)] == [-signal.SIGTERM] * 20


class Forking:
    """Samples whose making takes a process and a program."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        program = subprocess.Popen(['sleep', '60'])
        program.send_signal(signal.SIGUSR1)
        return sleeping_child(), program.wait()


def children_of_a_worker():
    loader = DataLoader(Forking(), num_workers=1, collate_fn=list)
    spare_workers(loader)
    assert [sample for batch in loader for sample in batch] == [
        (-signal.SIGTERM, -signal.SIGUSR1)] * 2


def run(work, words):
    os.setsid()
    stop = StopRequest()
    stop.listen()
    work(*words)
    os.kill(os.getpid(), signal.SIGTERM)
    assert stop.name == 'SIGTERM'  # this process itself goes on listening


@pytest.mark.parametrize('work, words', [
    pytest.param(pools, ['terminate'], id='a pool that is ended'),
    pytest.param(pools, ['close'], id='a pool that is forgotten, as mmdet does it'),
    pytest.param(children_signalled_at_once, [], id='children that are signalled at once'),
    pytest.param(children_of_a_worker, [], id='children of a worker that does not obey')])
def test_forked_processes_can_be_ended(work, words):
    """They hang for ever where they inherit a handler that only takes a note."""
    child = fork.Process(target=run, args=(work, words))
    child.start()
    child.join(30)
    status = child.exitcode
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    assert status == 0
