"""Which stopped processes are killed; processes that do nothing stand for ranks."""
import os
import signal
import subprocess
from collections import Counter

import pytest

from fcos_mm.engine.distributed import stopped_ranks
from fcos_mm.engine.distributed.stopped_ranks import child_processes, kill_stopped
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
def look(ranks, monkeypatch):
    """``look(machines=1)``: as the launcher does every second."""
    monkeypatch.setattr(stopped_ranks, 'PATIENCE', 3)
    looks = [Counter()]

    def one(machines=1):
        looks[0] = kill_stopped(looks[0], [rank.pid for rank in ranks], machines)

    return one


def test_a_rank_that_stays_stopped_is_killed_and_named(ranks, look, tmp_path):
    stop(ranks[1])
    for _ in range(3):
        look()
    assert read_exits(tmp_path) == []
    look()
    assert ranks[1].wait(10) == -signal.SIGKILL
    end, = read_exits(tmp_path)
    assert end['message'].startswith('error: rank 1 (') and end['errorCode'] == 1
    assert f'process {ranks[1].pid}) was stopped (SIGSTOP) for 3 s' in end['message']
    look()  # it is gone
    assert [rank.poll() for rank in ranks] == [None, -signal.SIGKILL, None]


def test_a_rank_that_goes_on_lives(ranks, look):
    for _ in range(3):
        stop(ranks[1])
        for _ in range(3):
            look()
        ranks[1].send_signal(signal.SIGCONT)
        os.waitpid(ranks[1].pid, os.WCONTINUED)
        look()
    assert [rank.poll() for rank in ranks] == [None] * 3


@pytest.mark.parametrize('machines, killed', [(1, False), (2, True)])
def test_all_ranks_of_a_launcher(ranks, look, machines, killed):
    """On one machine someone has suspended the job; on one of two it holds up the other."""
    stop(*ranks)
    for _ in range(5):
        look(machines)
    expected = -signal.SIGKILL if killed else None
    assert [rank.wait(10) if killed else rank.poll() for rank in ranks] == [expected] * 3


def test_children_are_found(ranks):
    assert {rank.pid for rank in ranks} <= set(child_processes())
