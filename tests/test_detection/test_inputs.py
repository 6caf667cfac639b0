"""The files that words mean."""
import os

import pytest

from fcos_mm.detection.inputs import Inputs
from fcos_mm.errors import UserError

FILES = ('a/1.jpg', 'a/2.PNG', 'a/clip.mp4', 'a/note.txt', 'a/deep/1.jpg', 'a/.hidden.jpg',
         'b/3.jpg', 'b/data.json', 'b/[x].jpg')


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    for name in FILES:
        path = tmp_path / 'in' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path / 'in')
    return tmp_path / 'in'


@pytest.mark.parametrize('words, names', [
    ('a', '1.jpg 2.PNG clip.mp4 deep/1.jpg'),
    ('a/1.jpg', '1.jpg'),
    ('a/1.jpg a/2.PNG', '1.jpg 2.PNG'),  # as the shell expands a/*
    ('a b', 'a/1.jpg a/2.PNG a/clip.mp4 a/deep/1.jpg b/3.jpg b/[x].jpg'),
    ('b/3.jpg a/1.jpg a/1.jpg ./a/1.jpg', 'b/3.jpg a/1.jpg'),
    ('a/*.jpg', '1.jpg'),
    ('a/**/*.jpg', '1.jpg deep/1.jpg'),
    ('a/*', '1.jpg 2.PNG clip.mp4 deep/1.jpg'),
    ('*/[13].jpg', 'a/1.jpg b/3.jpg'),
    ('b/[x].jpg', '[x].jpg'),  # a file of this very name
])
def test_words(words, names):
    inputs = Inputs(words.split(), leave_out='out')
    assert [inputs.name(path) for path in inputs.files] == names.split()


def test_what_is_left_out_is_counted():
    assert Inputs(['a', 'b'], leave_out='out').others == {'.txt': 1, '.json': 1}
    assert Inputs(['a/*'], leave_out='out').others == {'.txt': 1}
    assert Inputs(['a', 'b'], leave_out='b').others == {'.txt': 1}


def test_a_list(folder):
    """Lines count from here, else from the list's folder; a missing image fails later."""
    (folder / 'b' / 'list.txt').write_text('\ufeffa/1.jpg\r\n\n# no more\n3.jpg\n../a/deep/*\n'
                                           'gone.jpg\n', encoding='utf-8')
    inputs = Inputs(['b/list.txt'], leave_out='out')
    assert [os.path.normpath(path) for path in inputs.files] == [
        'a/1.jpg', 'b/3.jpg', 'a/deep/1.jpg', 'b/gone.jpg']


@pytest.mark.parametrize('words, message', [
    ('none', 'Input not found: none'), ('none/*.jpg', 'Nothing matches none/\\*.jpg'),
    ('https://a.b/c.jpg', 'is a URL'), ('b/data.*', 'No images in b/data'),
    ('a/note.txt', 'is not a list of images: none of its 0 lines'),
    ('labels.txt', 'none of its 2 lines is a file, such as 0 0.5')])
def test_words_that_mean_nothing(folder, words, message):
    (folder / 'labels.txt').write_text('0 0.5 0.5 0.1 0.1\n1 0.2 0.2 0.1 0.1\n')
    with pytest.raises(UserError, match=message):
        Inputs(words.split(), leave_out='out')
