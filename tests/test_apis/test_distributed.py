"""Two processes on the CPU, through the real scripts."""
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def launch(script, *words):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    env = {**os.environ, 'PYTHON': sys.executable, 'PYTHONPATH': str(ROOT), 'PORT': str(port),
           'CUDA_VISIBLE_DEVICES': '', 'OMP_NUM_THREADS': '1'}
    done = subprocess.run(
        [str(ROOT / 'tools' / script), *map(str, words)], env=env, capture_output=True, text=True,
        timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def test_train_with_two_processes(tiny_config, tmp_path):
    screen = launch('dist_train.sh', tiny_config, 2, '--work-dir', tmp_path)
    assert 'device      cpu, 2 process(es)' in screen
    # 4 pictures, 2 processes, batches of 2: one step, told once
    assert screen.count('Epoch(train) [1][1/1]') == 1
    assert 'Epoch(train) [1][2/2]' not in screen
    assert screen.count('Average Precision') == 6
    assert (tmp_path / 'epoch_1.pth').is_file()


def test_test_with_two_processes_equals_one(trained, run, tmp_path):
    from fcos_mm.apis import test as testing
    screen = launch('dist_test.sh', trained.config, trained.checkpoint, 2, '--work-dir', tmp_path)
    _, alone = run(testing.main, [trained.config, trained.checkpoint, '--work-dir', tmp_path])

    def table(text):
        return [line for line in text.splitlines() if 'Average' in line]

    assert len(table(screen)) == 12
    assert table(screen) == table(alone)
