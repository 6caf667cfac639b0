"""The examination as a whole: nothing stops it."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fcos_mm import doctor
from fcos_mm.cli import main
from fcos_mm.cli.installation import doctor as command
from fcos_mm.doctor import Finding, examine, text_report

ROOT = Path(__file__).resolve().parents[2]
STUBS = {'torch': 'raise OSError("libcudart.so.12: cannot open shared object file")',
         'cv2': 'raise ImportError("libGL.so.1: cannot open shared object file")',
         'rich': 'raise SystemExit(7)', 'matplotlib': 'import not_there', 'packaging': '1 / 0'}


def fine():
    yield Finding('good', 'ok', '1.0')
    yield Finding('small', 'absent', 'not needed', 'pip install small')


def breaks_down():
    yield Finding('first', 'broken', 'is broken', 'pip install first')
    raise RuntimeError('no\nmore')


def test_a_check_that_breaks_down_does_not_stop_the_others():
    found = examine({'one': (breaks_down, fine), 'two': (fine, )})
    assert [line.name for line in found['one']] == ['first', 'breaks down', 'good', 'small']
    assert found['one'][1].text == 'check failed: RuntimeError: no more'
    assert found['two'] == [*fine()]


def test_the_report():
    assert text_report(examine({'one': (breaks_down, ), 'two': (fine, )})).splitlines() == [
        'one',
        '  broken   first              is broken',
        '                              -> pip install first',
        '  warning  breaks down        check failed: RuntimeError: no more',
        '',
        'two',
        '  ok       good               1.0',
        '  absent   small              not needed',
        '                              -> pip install small',
        '',
        'Broken: first.']
    assert text_report({'two': [*fine()]}).endswith('\nNothing is broken; 0 warnings.')


@pytest.mark.parametrize('check, status', [(fine, 0), (breaks_down, 1)])
def test_exit_status(check, status, monkeypatch, capsys):
    monkeypatch.setattr(doctor, 'examine', lambda: examine({'one': (check, )}))
    assert main(command, []) == status
    capsys.readouterr()
    assert main(command, ['--json']) == status
    assert json.loads(capsys.readouterr().out)['one'][0]['name'] in ('good', 'first')


def test_packages_that_cannot_be_imported(tmp_path):
    for name, text in STUBS.items():
        (tmp_path / f'{name}.py').write_text(text)
    done = subprocess.run([sys.executable, '-m', 'fcos_mm', 'doctor', '--json'], text=True,
                          capture_output=True, cwd=tmp_path,
                          env={**os.environ, 'PYTHONPATH': f'{tmp_path}:{ROOT}'})
    assert (done.returncode, done.stderr) == (1, '')
    found = json.loads(done.stdout)
    state = {line['name']: line['state'] for lines in found.values() for line in lines}
    assert {name for name in state if state[name] == 'broken'} == {
        'torch', 'cv2', 'rich', 'matplotlib', 'mmengine', 'mmcv', 'mmdet'}
    assert state['limits'] == state['devices'] == state['fonts'] == 'warning'
    assert state['numpy'] == state['pycocotools'] == 'ok'
