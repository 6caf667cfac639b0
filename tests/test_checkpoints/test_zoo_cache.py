"""The files of published detectors in the cache, when two processes need one."""
import hashlib
import json
import multiprocessing
import os
import signal
import time
from dataclasses import replace

import pytest

from fcos_mm.checkpoints.zoo.cache import fetch, file_of, make_folder, read_record, state_of
from fcos_mm.checkpoints.zoo.lock import locked
from fcos_mm.checkpoints.zoo.table import zoo_models
from fcos_mm.errors import UserError

BODY = bytes(range(256)) * 2048
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def model(server, tmp_path, monkeypatch):
    monkeypatch.setenv('FCOS_MM_CACHE', str(tmp_path))
    monkeypatch.delenv('FCOS_MM_OFFLINE', raising=False)
    server.content['/a.pth'] = BODY
    found = replace(zoo_models()[0], address=server.address())
    make_folder(file_of(found).parent)
    return found


def get(model):
    """Fetch a file as the commands do."""
    with locked(file_of(model)):
        return fetch(model, lambda: lambda done, total: None)


def test_what_is_noted(model):
    assert state_of(model) == '' and read_record(file_of(model)) is None
    assert get(model) == read_record(file_of(model)) == (SHA256, len(BODY))
    assert state_of(model) == 'downloaded'
    noted = json.loads(file_of(model).with_name('a.pth.json').read_text())
    assert noted['address'] == model.address and noted['date'].endswith('+00:00')


def test_two_processes_at_once(model, server):
    context = multiprocessing.get_context('fork')
    processes = [context.Process(target=get, args=(model, )) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(20)
        assert process.exitcode == 0
    assert len(server.requests) == 1 and file_of(model).read_bytes() == BODY


def test_a_process_that_is_killed_leaves_what_the_next_one_continues(model, server):
    server.content['/a.pth'] = big = BODY * 40
    held = multiprocessing.get_context('fork').Process(target=_killed, args=(model, ))
    held.start()
    held.join(20)
    assert held.exitcode == -signal.SIGKILL
    part = file_of(model).with_name('a.pth.part')
    assert 0 < part.stat().st_size < len(big) and not file_of(model).exists()
    assert get(model) == (hashlib.sha256(big).hexdigest(), len(big))
    assert server.requests[-1][1]['Range'].startswith('bytes=') and not part.exists()


def _killed(model):
    def stop(done, total):
        if done > 1_000_000:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(9)

    with locked(file_of(model)):
        fetch(model, lambda: stop)


@pytest.mark.parametrize('note', ['', '{}', '[]', 'null', '{"sha256": 1}'])
def test_a_damaged_note_is_none(model, note):
    get(model)
    file_of(model).with_name('a.pth.json').write_text(note)
    assert read_record(file_of(model)) is None
    assert get(model).sha256 == SHA256


def test_a_file_that_is_another_one(model):
    get(model)
    file_of(model).write_bytes(b'x')
    with pytest.raises(UserError, match='has changed: .*\nRemove it to download it again'):
        get(model)
