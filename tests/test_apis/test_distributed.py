"""Two processes on the CPU, through the real scripts."""
import os
import socket
import subprocess
import sys

import mmengine
import torch

from fcos_mm.cli import test as testing
from tests.forked import ROOT, Ranks


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
    assert 'device      cpu, 2 processes' in screen
    # 4 images, 2 processes, batches of 2: one step, told once
    assert screen.count('Epoch(train) [1][1/1]') == 1
    assert 'Epoch(train) [1][2/2]' not in screen
    assert screen.count('Average Precision') == 6
    assert (tmp_path / 'epoch_1.pth').is_file()


def test_test_with_two_processes_equals_one(trained, run, tmp_path):
    words = [trained.config, trained.checkpoint]
    done = Ranks(2, ROOT / 'tools' / 'test.py', *words, '--work-dir', tmp_path, '--out',
                 tmp_path / 'two.pkl').finish()
    assert done.statuses == [0, 0], done.out[-4000:]
    _, alone = run(testing, *words, '--work-dir', tmp_path, '--out', tmp_path / 'one.pkl')

    def table(text):
        return [line for line in text.splitlines() if 'Average' in line]

    assert len(table(done.out)) == 12
    assert table(done.out) == table(alone)
    detections = [mmengine.load(tmp_path / name) for name in ('one.pkl', 'two.pkl')]
    assert [image['img_id'] for image in detections[0]] == [1, 2]
    for image, same in zip(*detections):
        assert image['img_id'] == same['img_id'] and len(image['pred_instances']['scores']) == 5
        for name, values in image['pred_instances'].items():
            assert torch.equal(values, same['pred_instances'][name])
