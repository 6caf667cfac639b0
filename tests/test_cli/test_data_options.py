"""The options of ``fcos-mm train`` for a user's own data."""
import pytest

from fcos_mm.cli import main, parse, train
from fcos_mm.cli.data_options import check_data_options
from fcos_mm.errors import UserError


def options(*words):
    args = parse(train, [str(word) for word in words])
    check_data_options(args)
    return args


def test_values_by_hand():
    args = options('--data', 'x', '--size', '480x640', '--levels', 'p3-p6', '--time', '1h30m',
                   '--lr', '1e-3')
    assert (args.size, args.levels, args.time, args.lr) == ((640, 480), (3, 6), 5400, 0.001)
    assert options('--data', 'x', '--size', 640).size == (640, 640)


@pytest.mark.parametrize('words', [
    ('--size', '640x'), ('--size', '8'), ('--levels', 'P5-P3'), ('--levels', '3-5'),
    ('--time', '20'), ('--time', '0s'), ('--lr', '2'), ('--lr', 'x'), ('--batch', '0'),
    ('--time', '20m', '--epochs', '3')])
def test_values_that_are_not_taken(words, capsys):
    with pytest.raises(SystemExit):
        parse(train, ['--data', 'x', *words])
    assert f'argument {words[-2]}' in capsys.readouterr().err


@pytest.mark.parametrize('words', [(), ('a.py', '--data', 'x')])
def test_either_a_config_or_data(words):
    with pytest.raises(UserError, match='Give either a config'):
        main(train, words)


@pytest.mark.parametrize('words', [('--size', '64'), ('--seed', '0'), ('--dry-run', )])
def test_options_that_need_data(words):
    with pytest.raises(UserError, match=f'{words[0]} works only with --data'):
        main(train, ['a.py', *words])


def test_words_have_one_form(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    args = options('--data', 'x', '--classes', 'a', 'b', '--size', '240x320', '--time', '2m',
                   '--levels', 'P3-P4', '--dry-run')
    assert args.data_options == {
        '--data': [str(tmp_path / 'x')], '--classes': ['a', 'b'], '--size': ['320x240'],
        '--levels': ['P3-P4'], '--time': ['120s']}
