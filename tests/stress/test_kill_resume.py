"""The stress test in short: a few kills, by epochs and by iterations."""
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name('kill_resume.py')


@pytest.mark.parametrize('words', [
    ['--loop', 'iter', '--workers', '2', '--kills', '3'],
    ['--loop', 'epoch', '--workers', '0', '--kills', '2']], ids=['iter', 'epoch'])
def test_a_few_kills(words):
    done = subprocess.run([sys.executable, str(SCRIPT), *words, '--seed', '1'], text=True,
                          capture_output=True, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert 'verdict: the same, bit for bit' in done.stdout
    assert f'kills: {words[-1]},' in done.stdout
