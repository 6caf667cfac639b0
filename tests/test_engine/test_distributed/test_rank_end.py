"""How a rank ends, and which end is the cause."""
import json
from dataclasses import asdict

import pytest

from fcos_mm.engine.distributed import rank_end
from fcos_mm.engine.distributed.rank_end import RankEnd, describe, lost_contact, read_ends, run_rank
from fcos_mm.errors import UserError


def end(rank, kind, time, message='message', details=''):
    return RankEnd(rank, 'node1', 10, 1, kind, message, details, time)


def write(folder, *ends, attempt=0):
    for item in ends:
        (folder / f'{attempt}_{item.rank}.json').write_text(json.dumps(asdict(item)))


def test_the_first_cause_comes_first(tmp_path):
    write(tmp_path, end(0, 'lost', 1.), end(1, 'error', 3.), end(2, 'error', 2.))
    write(tmp_path, end(3, 'error', 0.), attempt=1)
    (tmp_path / '0_9.json').write_text('{"rank": ')  # killed while writing
    assert [found.rank for found in read_ends(tmp_path, 0)] == [2, 1, 0]
    write(tmp_path, end(4, 'stall', 9.))
    assert read_ends(tmp_path, 0)[0].rank == 4


def test_what_is_told():
    assert describe(end(1, 'mistake', 0., 'Set x.')) == 'error: rank 1: Set x.'
    told = describe(end(1, 'error', 0., 'KeyError: 1', 'Traceback\n  line\n'))
    assert told == 'Traceback\n  line\nerror: rank 1 (node1, process 10) failed: KeyError: 1'
    told = describe(end(1, 'lost', 0., 'first\nsecond', 'Traceback'))
    assert told == 'error: rank 1 (node1, process 10) lost contact to another rank: first'


def test_lost_contact():
    assert lost_contact(RuntimeError('[gloo/pair.cc:1] Connection closed by peer [127.0.0.1]:2'))
    assert not lost_contact(RuntimeError('shapes do not match'))
    assert not lost_contact(ValueError('Connection closed by peer'))


@pytest.mark.parametrize('raised, status, kind', [
    (UserError('Set x.'), 2, 'mistake'), (KeyError('k'), 1, 'error'),
    (RuntimeError('Connection reset by peer'), 1, 'lost')])
def test_a_rank_notes_its_end_and_leaves(raised, status, kind, monkeypatch, tmp_path):
    left = []
    monkeypatch.setattr(rank_end, 'leave_at_once', left.append)
    monkeypatch.setenv('RANK', '3')
    monkeypatch.setenv(rank_end.FOLDER, str(tmp_path))

    def work():
        raise raised

    run_rank(work)
    found, = read_ends(tmp_path, 0)
    assert (left, found.rank, found.status, found.kind) == ([status], 3, status, kind)


def test_a_rank_that_does_its_work_notes_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv(rank_end.FOLDER, str(tmp_path))
    assert run_rank(lambda: dict(map=0.3)) == 0
    assert run_rank(lambda: 4) == 4
    assert not list(tmp_path.iterdir())
    with pytest.raises(SystemExit):
        run_rank(lambda: exec('raise SystemExit(75)'))
    assert read_ends(tmp_path, 0)[0].status == 75
