"""How figures are written, and what their words look like."""
import errno
from pathlib import Path

import matplotlib
import pytest
from matplotlib.figure import Figure

from fcos_mm.analysis.figures.style import count, dress, save
from fcos_mm.errors import UserError


def test_a_number_and_its_noun():
    assert count(1, 'location') == '1 location'
    assert count(0, 'location') == '0 locations'
    assert count(22400, 'location') == '22,400 locations'
    assert count(2, 'box', 'boxes') == '2 boxes'


@pytest.mark.parametrize('name, start', [('a.png', b'\x89PNG'), ('a.PDF', b'%PDF')])
def test_the_ending_says_the_format(tmp_path, name, start):
    folder = tmp_path / 'new' / 'folder'
    save(Figure(), str(folder / name))
    assert (folder / name).read_bytes().startswith(start)
    assert [path.name for path in folder.iterdir()] == [name]


@pytest.mark.parametrize('name', ['a.text', 'a'])
def test_an_unknown_ending_is_named(tmp_path, name):
    with pytest.raises(UserError, match=rf'{name} cannot be written.*ending'):
        save(Figure(), str(tmp_path / name))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match=r'file/a.png cannot be written'):
        save(Figure(), str(tmp_path / 'file' / 'a.png'))


def test_what_was_there_stays_when_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / 'a.png'
    path.write_bytes(b'older')

    def full(self, file, **_):
        Path(file).write_bytes(b'half')
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(Figure, 'savefig', full)
    with pytest.raises(UserError, match='No space left'):
        save(Figure(), str(path))
    assert path.read_bytes() == b'older'
    assert [path.name for path in tmp_path.iterdir()] == ['a.png']


def test_matplotlib_is_left_as_it_was(tmp_path):
    before = dict(matplotlib.rcParams)
    figure = Figure()
    dress(figure.subplots())
    save(figure, str(tmp_path / 'a.png'))
    assert dict(matplotlib.rcParams) == before
