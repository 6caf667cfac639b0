"""The stress test in short: a few kills, by epochs and by iterations."""
from pathlib import Path

import pytest

from tests.forked import Forked

SCRIPT = Path(__file__).with_name('kill_resume.py')


@pytest.mark.parametrize('words', [
    ['--loop', 'iter', '--workers', '2', '--kills', '2'],
    ['--loop', 'epoch', '--workers', '0', '--kills', '1']], ids=['iter', 'epoch'])
def test_a_few_kills(words):
    done = Forked(SCRIPT, *words, '--seed', '1').finish(600)
    assert done.status == 0, done.out[-4000:]
    assert 'verdict: the same, bit for bit' in done.out
    assert f'kills: {words[-1]},' in done.out
