"""``fcos-mm`` as a user calls it."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fcos_mm.cli import program
from fcos_mm.cli.lookup import commands

ROOT = Path(__file__).resolve().parents[2]

#: Every help and the list of configs, in one process, as their only imports.
LIGHT = '''
import sys
from fcos_mm.cli import program
from fcos_mm.cli.lookup import commands
for words in (['--help'], ['--version'], [], ['trian'], ['configs'], ['configs', '--json'],
              ['models'], ['models', '--where', 'fcos_r50_coco'],
              ['--print-completion', 'bash'], *([name, '--help'] for name in commands())):
    try:
        program.run(words)
    except SystemExit as stop:
        print(stop.code, end=' ', file=sys.stderr)
found = {'torch', 'mmengine', 'mmcv', 'mmdet'} & set(sys.modules)
assert not found, found
'''


def call(capsys, *words):
    """The exit status and what was printed to both streams."""
    with pytest.raises(SystemExit) as stop:
        program.run(words)
    shown = capsys.readouterr()
    return stop.value.code, shown.out, shown.err


def python(*words, **options):
    env = {**os.environ, 'PYTHONPATH': str(ROOT)}
    return subprocess.run([sys.executable, *words], text=True, env=env, **options)


def test_help_lists_every_command_in_its_group(capsys):
    status, shown, _ = call(capsys, '--help')
    assert status == 0
    blocks = dict(block.split(':\n', 1) for block in shown.split('\n\n') if ':\n  ' in block)
    listed = {line.split()[0]: group for group, lines in blocks.items()
              for line in lines.splitlines() if not line.startswith('   ')}
    for command in commands().values():
        assert listed[command.name] == command.group
    assert [*listed][:5] == ['demo', 'check-data', 'browse', 'convert', 'train']
    assert max(map(len, shown.splitlines())) <= 100


def test_version(capsys):
    assert call(capsys, '--version') == (0, 'fcos_mm 0.1.0\n', '')


def test_no_command(capsys):
    status, out, err = call(capsys)
    assert (status, out) == (2, '') and err.startswith('usage: fcos-mm COMMAND')


def test_an_unknown_command(capsys):
    status, out, err = call(capsys, 'trian', 'config.py')
    assert (status, out) == (2, '')
    assert err.startswith("error: There is no command 'trian'. Did you mean 'train'?")


@pytest.mark.parametrize('words', [('--colour', ), ('test', ), ('train', 'a.py', '--bogus')])
def test_wrong_words(words, capsys):
    status, _, err = call(capsys, *words)
    assert status == 2 and err.startswith('error: ') and err.count('\n') == 2
    assert '--help` explains ' in err


def test_a_misspelt_option(capsys):
    status, out, err = call(capsys, 'detect', 'a.jpg', '--modle', 'mine')
    assert (status, out) == (2, '')
    assert err == ("error: unrecognized arguments: --modle mine. Did you mean '--model'?\n"
                   '`fcos-mm detect --help` explains the options.\n')


def test_the_program_is_named_as_it_was_called(capsys, monkeypatch):
    from fcos_mm.cli import parse, train
    assert '\n  fcos-mm train my_config.py' in call(capsys, 'train', '--help')[1]
    monkeypatch.setattr(sys, 'argv', ['tools/train.py', '--help'])
    with pytest.raises(SystemExit):
        parse(train)
    shown = capsys.readouterr().out
    assert shown.startswith('usage: tools/train.py') and '\n  tools/train.py my_config' in shown


def test_launch_names_the_script_or_the_command(capsys, monkeypatch):
    from fcos_mm.cli import launch, parse
    shown = call(capsys, 'launch', 'test', '--help')[1]
    assert shown.startswith('usage: fcos-mm launch test')
    assert '\n  fcos-mm launch train CONFIG 8' in shown
    monkeypatch.setattr(sys, 'argv', ['some/where/launch.py'])
    with pytest.raises(SystemExit):
        parse(launch, ['train', '--help'])
    shown = capsys.readouterr().out
    assert shown.startswith('usage: tools/dist_train.sh')
    assert '\n  tools/dist_train.sh CONFIG 8' in shown


def test_what_answers_at_once_imports_neither_torch_nor_openmmlab():
    done = python('-c', LIGHT, capture_output=True)
    assert done.returncode == 0, done.stderr
    statuses = [word for word in done.stderr.split() if word.isdigit()]
    assert statuses[-len(commands()):] == ['0'] * len(commands())


def test_as_a_module_whose_output_nobody_reads_to_the_end():
    done = python('-c', '''
import subprocess, sys
program = subprocess.Popen([sys.executable, '-m', 'fcos_mm', 'configs'], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
program.stdout.close()
print(program.stderr.read(), program.wait())
''', capture_output=True)
    assert done.stdout == "b'' 1\n"
