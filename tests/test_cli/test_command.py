"""How tools start and how they tell a user of a mistake."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fcos_mm.apis import detect, test, train
from fcos_mm.cli import run_tool
from fcos_mm.cli.command import is_one_of_several
from fcos_mm.errors import UserError

ROOT = Path(__file__).resolve().parents[2]


def test_user_error_is_printed_without_traceback(capsys):
    def main():
        raise UserError('the cup is empty: fill it')

    with pytest.raises(SystemExit) as stop:
        run_tool(main)
    assert stop.value.code == 2
    assert capsys.readouterr().err == 'error: the cup is empty: fill it\n'


@pytest.mark.parametrize('result, status', [(None, 0), (0, 0), (1, 1), ({'AP': 0.5}, 0)])
def test_exit_status(result, status):
    with pytest.raises(SystemExit) as stop:
        run_tool(lambda: result)
    assert stop.value.code == status


def test_other_errors_keep_their_traceback():
    def main():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_tool(main)


@pytest.mark.parametrize('environ, several', [
    ({}, False), (dict(RANK='0', WORLD_SIZE='1'), False), (dict(RANK='0', WORLD_SIZE='2'), True),
    (dict(SLURM_NTASKS='8'), False),  # the shell of an allocation
    (dict(SLURM_NTASKS='8', SLURM_PROCID='3'), True)])
def test_one_of_several(environ, several, monkeypatch):
    for name in ('RANK', 'WORLD_SIZE', 'SLURM_NTASKS', 'SLURM_PROCID'):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert is_one_of_several() is several


@pytest.mark.parametrize('tool, options', [
    (train, ['--work-dir', '--amp', '--auto-scale-lr', '--resume', '--cfg-options', '--launcher']),
    (test, ['--work-dir', '--out', '--show', '--show-dir', '--wait-time', '--cfg-options',
            '--launcher', '--tta']),
    (detect, ['--out-dir', '--score-thr', '--device', '--cfg-options']),
])
def test_help_names_every_option(tool, options, capsys):
    with pytest.raises(SystemExit) as stop:
        tool.parse_args(['--help'])
    assert stop.value.code == 0
    words = capsys.readouterr().out.replace('[', ' ').replace(']', ' ').split()
    assert set(options) <= set(words)


def test_local_rank_reaches_the_environment(monkeypatch):
    monkeypatch.delenv('LOCAL_RANK', raising=False)
    train.parse_args(['config.py', '--local-rank', '3'])
    assert os.environ.pop('LOCAL_RANK') == '3'


def test_launcher_without_its_processes(monkeypatch):
    monkeypatch.delenv('RANK', raising=False)
    with pytest.raises(UserError, match='use tools/dist_train.sh'):
        train.parse_args(['config.py', '--launcher', 'pytorch'])


def test_script_tells_of_a_mistake(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / 'tools' / 'train.py', 'no_such_config.py'],
        cwd=tmp_path, capture_output=True, text=True, env={**os.environ, 'PYTHONPATH': str(ROOT)})
    assert done.returncode == 2
    assert 'error: Config not found: no_such_config.py' in done.stderr
    assert 'Traceback' not in done.stderr


def test_a_setting_without_a_value_is_named(capsys):
    with pytest.raises(SystemExit) as stop:
        train.parse_args(['config.py', '--cfg-options', 'a.b=1', 'foo'])
    assert stop.value.code == 2
    assert '--cfg-options foo: not KEY=VALUE' in capsys.readouterr().err


@pytest.mark.parametrize('word', ['a=[dict(b=1,c=2),dict(b=3)]', 'a=[1,(2]'])
def test_settings_that_cannot_be_read_are_named(word):
    with pytest.raises(UserError) as error:
        train.parse_args(['config.py', '--cfg-options', 'a.b=1', word])
    assert f'--cfg-options {word}: not KEY=VALUE' in str(error.value)


def test_settings_are_read_as_mmengine_reads_them():
    args = train.parse_args(['config.py', '--cfg-options', 'a.b=1', 'c=[1,(x,None)]', '--amp',
                             '--cfg-options', 'd=e=f', 'a.b=2'])
    assert args.cfg_options == {'a.b': 2, 'c': [1, ('x', None)], 'd': 'e=f'}
