"""Which stopped processes are killed; processes that do nothing stand for ranks."""
import os
import signal
import subprocess

import pytest

from fcos_mm.engine.distributed import stopped_ranks
from fcos_mm.engine.distributed.stopped_ranks import StoppedRanks
from fcos_mm.engine.distributed.worker_exit import read_exits


@pytest.fixture
def ranks(tmp_path):
    """Three processes that know their rank and their error file."""
    for rank in '012':
        (tmp_path / rank).mkdir()
    started = [subprocess.Popen(['sleep', '100'], env={
        **os.environ, 'RANK': rank, 'TORCHELASTIC_ERROR_FILE': f'{tmp_path}/{rank}/error.json'})
        for rank in '012']
    yield started
    for process in started:
        process.kill()
        process.wait()


def stop(*processes):
    for process in processes:
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)


@pytest.fixture
def watch(ranks, monkeypatch):
    """``watch(machines)``: of these three alone."""
    monkeypatch.setattr(stopped_ranks, 'child_processes', lambda: [rank.pid for rank in ranks])
    return lambda machines: StoppedRanks(machines=machines, patience=3)


def test_a_rank_that_stays_stopped_is_killed_and_named(ranks, watch, tmp_path):
    guard = watch(machines=1)
    stop(ranks[1])
    for _ in range(3):
        guard.look()
    assert read_exits(tmp_path) == []
    guard.look()
    assert ranks[1].wait(10) == -signal.SIGKILL
    end, = read_exits(tmp_path)
    assert end['message'].startswith('error: rank 1 (') and end['errorCode'] == 1
    assert f'process {ranks[1].pid}) was stopped (SIGSTOP) for 3 s' in end['message']
    guard.look()  # it is gone
    assert [rank.poll() for rank in ranks] == [None, -signal.SIGKILL, None]


def test_a_rank_that_goes_on_lives(ranks, watch):
    guard = watch(machines=1)
    for _ in range(3):
        stop(ranks[1])
        for _ in range(3):
            guard.look()
        ranks[1].send_signal(signal.SIGCONT)
        os.waitpid(ranks[1].pid, os.WCONTINUED)
        guard.look()
    assert [rank.poll() for rank in ranks] == [None] * 3


@pytest.mark.parametrize('machines, killed', [(1, False), (2, True)])
def test_all_ranks_of_a_launcher(ranks, watch, machines, killed):
    """On one machine someone has suspended the job; on one of two it holds up the other."""
    guard = watch(machines)
    stop(*ranks)
    for _ in range(5):
        guard.look()
    expected = -signal.SIGKILL if killed else None
    assert [rank.wait(10) if killed else rank.poll() for rank in ranks] == [expected] * 3


def test_children_are_found(ranks):
    assert {rank.pid for rank in ranks} <= set(stopped_ranks.child_processes())
