"""How commands start, and how they report a user's mistake."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fcos_mm.cli import detect, parse, run_tool, test, train
from fcos_mm.cli.command import is_one_of_several
from fcos_mm.errors import UserError

ROOT = Path(__file__).resolve().parents[2]


def fail(error):
    raise error


def test_user_error_is_printed_without_traceback(capsys):
    with pytest.raises(SystemExit) as stop:
        run_tool(lambda: fail(UserError('the cup is empty: fill it')))
    assert stop.value.code == 2
    assert capsys.readouterr().err == 'error: the cup is empty: fill it\n'


def test_other_errors_keep_their_traceback():
    with pytest.raises(ZeroDivisionError):
        run_tool(lambda: fail(ZeroDivisionError()))


@pytest.mark.parametrize('result, status', [(None, 0), (0, 0), (1, 1), ({'AP': 0.5}, 0)])
def test_exit_status(result, status):
    with pytest.raises(SystemExit) as stop:
        run_tool(lambda: result)
    assert stop.value.code == status


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


@pytest.mark.parametrize('command, options', [
    (train, ['--work-dir', '--amp', '--auto-scale-lr', '--resume', '--cfg-options', '--launcher']),
    (test, ['--work-dir', '--out', '--show', '--show-dir', '--wait-time', '--cfg-options',
            '--launcher', '--tta']),
    (detect, ['--out-dir', '--score-thr', '--device', '--cfg-options']),
])
def test_help_names_every_option(command, options, capsys):
    with pytest.raises(SystemExit) as stop:
        parse(command, ['--help'])
    assert stop.value.code == 0
    words = capsys.readouterr().out.replace('[', ' ').replace(']', ' ').split()
    assert set(options) <= set(words)


def test_a_script_reports_a_mistake(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / 'tools' / 'train.py', 'no_such_config.py'],
        cwd=tmp_path, capture_output=True, text=True, env={**os.environ, 'PYTHONPATH': str(ROOT)})
    assert done.returncode == 2
    assert 'error: Config not found: no_such_config.py' in done.stderr
    assert 'Traceback' not in done.stderr
