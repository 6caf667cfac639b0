"""The fuzzing in short, and that it would find what it looks for."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked import Forked

SCRIPT = Path(__file__).with_name('fuzz.py')
KINDS = ('annotations', 'images', 'boxes', 'checkpoints', 'predictions', 'results', 'converters',
         'drawings', 'names', 'options')
SLOW_KINDS = ('models', 'configs')  # each case builds a model
sys.path.insert(0, str(SCRIPT.parent))

import fuzz  # noqa: E402
import fuzz_checkpoints  # noqa: E402
import fuzz_images  # noqa: E402
from fuzz_tools import NASTY, change, damage, no_code, outcome  # noqa: E402

from fcos_mm.errors import UserError  # noqa: E402


def test_a_few_cases_of_every_kind():
    assert {*KINDS, *SLOW_KINDS} == set(fuzz.KINDS)
    for kinds, cases in ((KINDS, 30), (SLOW_KINDS, 12)):
        done = Forked(SCRIPT, '--cases', cases, '--kinds', *kinds).finish(600)
        assert done.status == 0, done.out[-5000:]
        lines = [line for line in done.out.splitlines() if ' cases, ' in line]  # beside OpenCV's
        for line, kind in zip(lines, kinds, strict=True):
            assert line.startswith(f'{kind}: {cases} cases, ')


def test_a_case_that_fails_is_told(monkeypatch, capsys):
    def check(case, folder):
        assert case[1] != (1, 1), 'found it'
        return 'accepted'

    monkeypatch.setattr(fuzz_images, 'check', check)
    assert fuzz.main(['--cases', '100', '--kinds', 'images']) == 1
    printed = capsys.readouterr().out
    assert 'images: FAILED: AssertionError: found it' in printed and '(1, 1)' in printed


@pytest.mark.parametrize('act', [
    lambda path: os.system('true'), lambda path: os.mkdir(path), lambda path: eval('1 + 1'),
    lambda path: subprocess.run(['true']), lambda path: open(path, 'w').close()])
def test_code_that_runs_is_heard(act, tmp_path):
    with pytest.raises(AssertionError, match='the file made Python do'):
        with no_code():
            act(str(tmp_path / 'a'))
    with no_code():
        pass


def test_a_message_without_the_name_is_a_fault():
    def refuse():
        raise UserError('something is wrong')

    assert outcome(refuse, 'wrong') == (None, 'refused')
    with pytest.raises(AssertionError, match='does not name'):
        outcome(refuse, 'a.json')
    with pytest.raises(KeyError):
        outcome(dict().popitem, 'a.json')


def test_a_wrong_number_is_a_fault(monkeypatch, tmp_path):
    found = dict(fuzz_checkpoints.MODEL.state_dict())
    found['norm.weight'] = found['norm.weight'] + 1
    monkeypatch.setattr(fuzz_checkpoints, 'read_state_dict', lambda path: found)
    with pytest.raises(AssertionError):
        fuzz_checkpoints.check((True, fuzz_checkpoints.WRAPPINGS[0], [], []), tmp_path)


def test_damages():
    content = bytes(range(1, 11))
    assert damage(content, ('cut', 0.5, 1)) == content[:5]
    assert damage(content, ('flip', 0.5, 3)) == content[:5] + bytes([6 ^ 3]) + content[6:]
    assert damage(content, ('zero', 0.5, 2)) == content[:5] + b'\0\0' + content[7:]
    assert damage(content, ('drop', 0.5, 2)) == content[:5] + content[7:]
    assert len(damage(content, ('insert', 0.5, 2))) == 12
    assert damage(b'', ('flip', 0.5, 3)) == b''


def test_changes():
    assert change(dict(a=[1, 2]), ('delete', 0, 0)) == {}
    assert change(dict(a=[1, 2]), ('repeat', 1, 0)) == dict(a=[1, 2, 1])
    assert change(dict(a=[1, 2]), ('set', 2, 3)) == dict(a=[1, NASTY[3]])
    assert change(dict(a=[1, 2]), ('move', 1, 1)) == dict(a=[2, 2])
