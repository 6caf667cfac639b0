"""Commands are found by their files."""
import argparse
import re
from pathlib import Path

import pytest

from fcos_mm.cli import lookup
from fcos_mm.cli.lookup import commands, find_command
from fcos_mm.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(commands())


def test_each_script_has_a_command_and_is_the_same_module():
    scripts = {file.stem.replace('_', '-') for file in (ROOT / 'tools').rglob('*.py')}
    assert scripts < set(NAMES)
    assert {'configs', 'doctor', 'convert', 'check-data'} <= set(NAMES)
    assert not {'command', 'options', 'lookup', 'program', 'completion'} & set(NAMES)


@pytest.mark.parametrize('name', NAMES)
def test_a_command_is_described_with_an_example(name):
    command = find_command(name)
    module, parser = command.load(), argparse.ArgumentParser(prog='PROGRAM')
    module.add_arguments(parser)
    assert callable(module.run)
    assert command.summary and not command.summary.endswith('.')
    assert parser.description and 'example' in parser.epilog
    examples = parser.format_help().partition('example')[2]
    assert 'PROGRAM' in examples or f'fcos-mm {name}' in examples


def test_adding_a_file_is_enough(tmp_path, monkeypatch):
    (tmp_path / 'group').mkdir()
    (tmp_path / '__init__.py').write_text('"""The first.\n\nMore."""')
    (tmp_path / 'group' / '__init__.py').write_text('"""The others."""')
    (tmp_path / 'helper.py').write_text('"""Not a command: it has no arguments."""')
    (tmp_path / 'group' / 'new_one.py').write_text(
        '"""``fcos-mm new-one``: does it: now.\n\nMore."""\nraise ImportError\n'
        'def add_arguments(parser): pass')
    (tmp_path / 'train.py').write_text('"""Train: train."""\ndef add_arguments(parser): pass')
    (tmp_path / 'apart.py').write_text('"""Apart: apart."""\ndef add_arguments(parser): pass')
    monkeypatch.setattr(lookup, '_FOLDER', tmp_path)
    found = commands.__wrapped__()
    assert [(command.name, command.module, command.summary, command.group)
            for command in found.values()] == [
        ('train', 'fcos_mm.cli.train', 'train', 'The first'),
        ('apart', 'fcos_mm.cli.apart', 'apart', 'The first'),
        ('new-one', 'fcos_mm.cli.group.new_one', 'does it: now', 'The others')]


def test_the_guide_has_every_command_in_a_row_with_an_example():
    rows = re.findall(r'(?m)^\| `([a-z-]+)` \|.*\| `fcos-mm ([a-z-]+)[ `]', (
        ROOT / 'docs' / 'commands.md').read_text())
    assert sorted(rows) == [(name, name) for name in NAMES]


def test_the_name_of_the_file_is_taken_too():
    assert find_command('voc_to_coco') is find_command('voc-to-coco')


@pytest.mark.parametrize('name, words', [
    ('trian', "There is no command 'trian'. Did you mean 'train'?\n"),
    ('chek-data', "There is no command 'chek-data'. Did you mean 'check-data'?\n"),
    ('zzzzz', "There is no command 'zzzzz'.\n")])
def test_an_unknown_command(name, words):
    with pytest.raises(UserError) as error:
        find_command(name)
    assert str(error.value) == words + '`fcos-mm --help` lists the commands.'
