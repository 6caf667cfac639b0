"""What the shells are told; bash is asked what it makes of it."""
import shutil
import subprocess

import pytest

from fcos_mm.cli.completion import completion, whole_parser
from fcos_mm.cli.lookup import commands

ASK = '''
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_shtab_fcos_mm fcos-mm "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
printf '%s\\n' "${COMPREPLY[@]}"
'''


@pytest.fixture(scope='module')
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp('completion') / 'fcos-mm'
    path.write_text(completion('bash'))
    return path


@pytest.mark.skipif(shutil.which('bash') is None, reason='bash is not installed')
@pytest.mark.parametrize('words, expected', [
    (['tra'], {'train'}),
    (['voc'], {'voc-to-coco'}),
    (['train', '--res'], {'--resume'}),
    (['train', 'fcos_r50-caffe_p4'], {'fcos_r50-caffe_p4_gn-head_1x_coco'}),
    (['detect', 'a.jpg', '--model', 'fcos_rt_dla34_c'], {'fcos_rt_dla34_coco'}),
    (['train', 'my_'], {'my_config.py'}),
    (['fix-boxes', 'my_'], {'my_config.py'}),
    (['paper', '--scale', ''], {'full', 'small', 'tiny'}),
    (['launch', ''], {'train', 'test'})])
def test_bash_completes(words, expected, script, tmp_path):
    (tmp_path / 'my_config.py').touch()
    done = subprocess.run(['bash', '-c', ASK, '-', script, 'fcos-mm', *words], cwd=tmp_path,
                          capture_output=True, text=True, check=True)
    assert {word for word in done.stdout.split() if not word.startswith('-h')} == expected


@pytest.mark.parametrize('shell', ['zsh', 'tcsh'])
def test_other_shells_are_told_every_command(shell):
    text = completion(shell)
    assert all(name in text for name in commands())


def test_each_command_has_its_parser():
    parts, = (action for action in whole_parser()._actions if action.choices)
    assert {*parts.choices} == {*commands()}
