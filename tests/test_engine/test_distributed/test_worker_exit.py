"""How a rank exits, and which exit is the first failure."""
import os

import pytest

from fcos_mm.engine.distributed import worker_exit
from fcos_mm.engine.distributed.worker_exit import lost_contact, read_exits, record_exit, run_rank
from fcos_mm.errors import UserError


@pytest.fixture
def attempt(tmp_path):
    """``attempt.record(rank, ...)`` writes the error files that torchelastic would name."""
    class Attempt:
        folder = tmp_path / 'attempt_0'

        def path(self, rank):
            path = self.folder / str(rank) / 'error.json'
            path.parent.mkdir(parents=True, exist_ok=True)
            return str(path)

        def record(self, rank, second, **options):
            record_exit(f'error: rank {rank}', 1, path=self.path(rank), **options)
            os.utime(self.path(rank), (second, second))

    return Attempt()


def test_first_failure_comes_first(attempt):
    attempt.record(0, 1, lost=True)
    attempt.record(1, 3)
    attempt.record(2, 2, trace='Traceback\n  line\n')
    exits = read_exits(attempt.folder)
    assert [end['message'] for end in exits] == [f'error: rank {rank}' for rank in (2, 1, 0)]
    assert exits[0]['extraInfo']['py_callstack'] == 'Traceback\n  line\nerror: rank 2'


def test_lost_contact():
    assert lost_contact(RuntimeError('[gloo/pair.cc:1] Connection closed by peer [127.0.0.1]:2'))
    assert not lost_contact(RuntimeError('shapes do not match'))
    assert not lost_contact(ValueError('Connection closed by peer'))


@pytest.mark.parametrize('raised, status, lost, message', [
    (UserError('Set x.'), 2, False, 'error: rank 3: Set x.'),
    (KeyError('k'), 1, False, f"process {os.getpid()}) failed: KeyError: 'k'"),
    (RuntimeError('Connection reset by peer\nmore'), 1, True,
     'lost contact with another rank: RuntimeError: Connection reset by peer'),
    (SystemExit(75), 75, False, 'rank 3 stopped, status 75'),
], ids=['user error', 'error', 'lost contact', 'stop'])
@pytest.mark.parametrize('launcher', [True, False])
def test_exit_is_recorded_or_printed(raised, status, lost, message, launcher, monkeypatch, attempt,
                                     capsys):
    def leave(status):
        raise SystemExit(status)

    monkeypatch.setattr(worker_exit, 'leave_at_once', leave)
    monkeypatch.setenv('RANK', '3')
    monkeypatch.setenv(worker_exit.ERROR_FILE, attempt.path(3) if launcher else '')

    def work():
        raise raised

    with pytest.raises(SystemExit) as stop:
        run_rank(work)
    assert stop.value.code == status
    printed = capsys.readouterr().err
    if launcher:
        found, = read_exits(attempt.folder)
        assert (found['errorCode'], found['extraInfo']['lost']) == (status, lost)
        assert found['message'].endswith(message) and not printed
    else:
        assert printed.strip().endswith(message)
        assert ('Traceback' in printed) == isinstance(raised, KeyError)


def test_success_is_not_recorded(monkeypatch, attempt):
    monkeypatch.setenv(worker_exit.ERROR_FILE, attempt.path(0))
    assert run_rank(lambda: dict(map=0.3)) == 0
    assert run_rank(lambda: 4) == 4
    assert read_exits(attempt.folder) == []
