"""Options that several commands have."""
import os

import pytest

from fcos_mm.cli import parse, train
from fcos_mm.errors import UserError


def test_local_rank_reaches_the_environment(monkeypatch):
    monkeypatch.delenv('LOCAL_RANK', raising=False)
    parse(train, ['config.py', '--local-rank', '3'])
    assert os.environ.pop('LOCAL_RANK') == '3'


def test_launcher_without_its_processes(monkeypatch):
    monkeypatch.delenv('RANK', raising=False)
    with pytest.raises(UserError, match='use tools/dist_train.sh'):
        parse(train, ['config.py', '--launcher', 'pytorch'])


def test_a_setting_without_a_value_is_named(capsys):
    with pytest.raises(SystemExit) as stop:
        parse(train, ['config.py', '--cfg-options', 'a.b=1', 'foo'])
    assert stop.value.code == 2
    assert '--cfg-options: foo: not KEY=VALUE' in capsys.readouterr().err


@pytest.mark.parametrize('word', ['a=[dict(b=1,c=2),dict(b=3)]', 'a=[1,(2]'])
def test_settings_that_cannot_be_read_are_named(word):
    with pytest.raises(UserError) as error:
        parse(train, ['config.py', '--cfg-options', 'a.b=1', word])
    assert f'--cfg-options {word}: not KEY=VALUE' in str(error.value)


def test_settings_are_read_as_mmengine_reads_them():
    args = parse(train, ['config.py', '--cfg-options', 'a.b=1', 'c=[1,(x,None)]', '--amp',
                         '--cfg-options', 'd=e=f', 'a.b=2'])
    assert args.cfg_options == {'a.b': 2, 'c': [1, ('x', None)], 'd': 'e=f'}


def test_openmmlab_that_is_not_installed(monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(UserError, match='(?s)needs torch, mmengine, mmcv, mmdet.*`fcos-mm doctor`'):
        parse(train, ['config.py'])
