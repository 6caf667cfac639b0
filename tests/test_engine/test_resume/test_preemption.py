"""Signals of a cluster, which are no business of the processes that a training forks."""
import contextlib
import os
import signal
import subprocess
import time

import pytest
import torch
import torch.multiprocessing as mp
from torch import distributed
from torch.utils.data import DataLoader

from fcos_mm.engine.resume.preemption import Agreement, StopRequest, spare_workers

fork = mp.get_context('fork')


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_is_noted(number):
    before = signal.getsignal(number)
    stop = StopRequest()
    stop.listen()
    try:
        assert stop.name is None
        os.kill(os.getpid(), number)
        assert stop.name == number.name
    finally:
        stop.ignore()
    assert signal.getsignal(number) == before


def exchange(agreement, wishes):
    """What is acted on after each iteration."""
    acted = []
    for wish in wishes:
        acts = []
        agreement.exchange(lambda wish=wish: wish, acts.append)
        acted.append(acts)
    return acted


def test_a_single_process_acts_at_once():
    assert exchange(Agreement(), [0, 2, 1]) == [[0], [2], [1]]


def agree(rank, file, queue):
    distributed.init_process_group('gloo', init_method=f'file://{file}', rank=rank, world_size=2)
    agreement = Agreement()
    acted = exchange(agreement, [[0, 0, 1, 0], [0, 2, 0, 0]][rank])
    last = []
    agreement.finish(last.append)
    agreement.finish(last.append)
    queue.put((acted, last))
    distributed.barrier()
    time.sleep(0.2)
    distributed.destroy_process_group()


def test_two_processes_act_on_the_largest_wish_an_iteration_later(tmp_path):
    queue = fork.Queue()
    children = [fork.Process(target=agree, args=(rank, tmp_path / 'group', queue))
                for rank in range(2)]
    for child in children:
        child.start()
    results = [queue.get(timeout=60) for _ in children]
    for child in children:
        child.join(60)
    assert results == [([[], [0], [2], [1]], [0])] * 2


def seeded(worker_id):
    torch.manual_seed(worker_id + 100)


def worker_loader():
    loader = DataLoader(range(400), num_workers=2, worker_init_fn=seeded)
    spare_workers(loader)
    return loader


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGUSR1])
def test_workers_outlive_the_signal(number):
    """Sent by another process, as a cluster does it."""
    batches = iter(worker_loader())
    first = next(batches)
    workers = [worker.pid for worker in batches._workers]
    child = os.fork()
    if child == 0:
        for pid in workers:
            os.kill(pid, number)
        os._exit(0)
    os.waitpid(child, 0)
    assert len([first, *batches]) == 400


def work(spare, ready):
    spare.worker_init_fn(0)
    ready.set()
    time.sleep(60)


def test_workers_end_when_their_parent_says_so():
    ready = fork.Event()
    worker = fork.Process(target=work, args=(worker_loader(), ready))
    worker.start()
    assert ready.wait(30)
    worker.terminate()
    worker.join(30)
    assert worker.exitcode == 0


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


def listening(work, words):
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
    child = fork.Process(target=listening, args=(work, words))
    child.start()
    child.join(30)
    status = child.exitcode
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    assert status == 0
