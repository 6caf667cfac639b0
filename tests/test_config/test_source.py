"""What a config file sets and reads, without running it."""
import pytest

from fcos_mm.config import find_config
from fcos_mm.config.source import read_source


def read(folder, text, name='config.py'):
    (folder / name).write_text(text)
    return read_source(str(folder / name), find_config)


@pytest.mark.parametrize('text, places', [
    ('a = 1\nb = dict(c=dict(d=a))', {'a': ['b.c.d']}),
    ("a = 1\nb = {'c': [0, (a, )]}", {'a': ['b.c.1.0']}),
    ('a = 1\nb = dict(c=a + 1)', {'a': ['b.c']}),
    ('a = 1\nb = dict(**a)', {'a': ['b']}),
    ("a = 1\nb = {}\nb['c'].d = a", {'a': ['b.c.d']}),
    ('a = 1\nb = {}\nb.update(c=a)', {'a': ['b.c']}),
    ('a = 1\nb = a', {'a': ['b']}),
    ('b = dict(c={{_base_.a}})', {'_base_.a': ['b.c']}),
    ('b = dict(c=_base_.a.d)', {'_base_.a': ['b.c']}),
    ('a = 1\nif a:\n    b = 2', {'a': ['']}),
    ('a = 1\na = a + 1', {}),
    ('a = []\na.append(1)', {}),
    ("a = '{{ fileBasename }}'\nb = {{$HOME:3}}", {}),
])
def test_places(text, places, tmp_path):
    assert read(tmp_path, text).places == places


def test_names_and_bases(tmp_path):
    read(tmp_path, 'a = 1', 'base.py')
    source = read(tmp_path, "import os\n_base_ = ['base.py']\nb, (c, d) = 1, (2, 3)\n_e = f = 4\n"
                            'del f\nh: int = 3\nif os.name:\n    i = 5')
    assert source.assigned == ['b', 'c', 'd', 'h', 'i']
    assert [file.assigned for file in source.below()] == [source.assigned, ['a']]
    assert source.modules == {'os'} and not source.is_written_out and not source.is_shipped


def test_inherited_value(tmp_path):
    read(tmp_path, 'a = 1', 'base.py')
    source = read(tmp_path, "_base_ = 'base.py'\na = 2")
    assert (source.inherited('a'), source.inherited('b')) == (1, None)


def test_files_of_a_package_are_shipped():
    path = find_config('mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py')
    assert all(file.is_shipped for file in read_source(path, find_config).below())


def test_what_is_not_understood_is_empty(tmp_path):
    source = read(tmp_path, "_base_ = ['a.py'] + other()\nb = 1")
    assert source.assigned == [] and source.bases == []
