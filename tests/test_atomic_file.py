"""A file is the old one or the new one, never half of it."""
import json
import os
import resource
import signal
import time

import pytest

from fcos_mm.atomic_file import remove_unfinished, replaced, write_json
from fcos_mm.errors import UserError


def write(path, text):
    with replaced(path, '\nMake room.') as unfinished, open(unfinished, 'w') as file:
        file.write(text)


def test_a_file_is_made_and_replaced(tmp_path):
    path = tmp_path / 'a.pth'
    for text in ('first', 'second'):
        write(path, text)
        assert path.read_text() == text
    assert os.listdir(tmp_path) == ['a.pth']


def test_a_name_without_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write('last_checkpoint', 'a.pth')
    assert (tmp_path / 'last_checkpoint').read_text() == 'a.pth'


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / 'a.pth'
    write(path, 'old')
    with replaced(str(path)) as unfinished:
        assert os.path.dirname(unfinished) == str(tmp_path)
        with open(unfinished, 'w') as file:
            file.write('new')
        assert path.read_text() == 'old'
    assert path.read_text() == 'new'


@pytest.mark.parametrize('error', [KeyboardInterrupt, RuntimeError, SystemExit])
def test_what_goes_wrong_changes_nothing(tmp_path, error):
    path = tmp_path / 'a.pth'
    write(path, 'old')
    with pytest.raises(error), replaced(str(path)) as unfinished:
        with open(unfinished, 'w') as file:
            file.write('ne')
        raise error
    assert path.read_text() == 'old' and os.listdir(tmp_path) == ['a.pth']


def test_a_full_disk(tmp_path):
    """The system itself refuses to write more than 1000 bytes."""
    path = tmp_path / 'a.pth'
    write(path, 'old')
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(UserError) as error:
            write(path, 'new' * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    text = str(error.value)
    assert text.startswith(f'{path} cannot be written: File too large. ')
    assert 'MiB are free there' in text and text.endswith('is kept.\nMake room.')
    assert path.read_text() == 'old' and os.listdir(tmp_path) == ['a.pth']


def test_a_kill_while_writing(tmp_path):
    path = tmp_path / 'a.pth'
    write(path, 'old')
    child = os.fork()
    if child == 0:
        with replaced(str(path)) as unfinished, open(unfinished, 'w', buffering=1) as file:
            file.write('half\n')
            time.sleep(60)
    while len(os.listdir(tmp_path)) < 2:
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert path.read_text() == 'old' and len(os.listdir(tmp_path)) == 2
    remove_unfinished(str(tmp_path))
    assert os.listdir(tmp_path) == ['a.pth']


def test_json_has_null_for_what_is_not_finite(tmp_path):
    write_json(dict(a=[1.5, float('nan')], b=(float('inf'), 'é')), tmp_path / 'a.json')
    assert json.loads((tmp_path / 'a.json').read_text(encoding='utf-8')) == dict(
        a=[1.5, None], b=[None, 'é'])
