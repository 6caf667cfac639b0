"""The real tools on a small copy of `shapes`: make, train, resume, test, draw, detect."""
import json
import os
import pickle
import re
import subprocess
import sys

import pytest

from tests.forked import ROOT, Forked

CONFIG = 'configs/demo/fcos_csp-w25_fpn_shapes.py'
EPOCHS, IMAGES, BATCH = 2, 32, 8
OPTIONS = ('--cfg-options', 'default_hooks.logger.interval=1',
           'default_hooks.checkpoint.interval=1', 'model.test_cfg.score_thr=0.001',
           f'train_dataloader.batch_size={BATCH}')


def run(tool, *words):
    """Run a tool of ``tools/`` in a process of its own; returns what it printed."""
    done = Forked(ROOT / 'tools' / tool, *words).finish(600)
    assert done.status == 0, done.out[-3000:]
    return done.out


def run_anew(*words):
    """Run a tool as a user does; returns what it printed."""
    env = {**os.environ, 'OMP_NUM_THREADS': '1'}
    done = subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, env=env, text=True,
                          capture_output=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope='module')
def demo(tmp_path_factory):
    """The folder of a demo, with ``data``, ``work`` and what was printed, ``screen.txt``."""
    folder = tmp_path_factory.mktemp('demo')
    run('dataset_converters/make_shapes.py', folder / 'data', '--counts', IMAGES, 4, 8)
    screen = run_anew('tools/demo.py', '--data-root', folder / 'data', '--work-dir',
                      folder / 'work', '--epochs', EPOCHS, *OPTIONS)
    (folder / 'screen.txt').write_text(screen)
    return folder


def training_steps(work_dir):
    path, = work_dir.glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [row for row in rows if 'loss' in row]


def test_training_learns_and_keeps_checkpoints(demo):
    steps = training_steps(demo / 'work' / 'train')
    assert len(steps) == EPOCHS * IMAGES // BATCH
    for name in ('loss_cls', 'loss_bbox', 'loss_centerness'):
        assert all(0 < step[name] < 10 for step in steps)
    assert steps[-1]['loss'] < steps[0]['loss']
    assert (demo / 'work' / 'train' / f'epoch_{EPOCHS}.pth').is_file()
    assert (demo / 'work' / 'train' / 'report' / 'report.html').is_file()


def test_testing_prints_the_coco_table_and_writes_what_the_grid_shows(demo):
    table = re.findall(r'Average (?:Precision|Recall) .* = (-?\d\.\d+)',
                       (demo / 'screen.txt').read_text().split('tools/test.py')[1])
    assert len(table) >= 6 and all(-1 <= float(value) <= 1 for value in table)
    assert len(pickle.loads((demo / 'work' / 'predictions.pkl').read_bytes())) == 8
    assert (demo / 'work' / 'grid.png').is_file()


def test_resuming_goes_on_where_it_stopped(demo, tmp_path):
    run('train.py', ROOT / CONFIG, '--no-report', '--work-dir', tmp_path, '--resume',
        demo / 'work' / 'train' / 'epoch_1.pth', *OPTIONS, f'data_root={demo}/data/',
        f'train_cfg.max_epochs={EPOCHS}')
    assert len(training_steps(tmp_path)) == (EPOCHS - 1) * IMAGES // BATCH
    assert (tmp_path / f'epoch_{EPOCHS}.pth').is_file()


def test_detecting_in_a_folder(demo, tmp_path):
    run('detect.py', demo / 'data' / 'test', ROOT / CONFIG,
        demo / 'work' / 'train' / f'epoch_{EPOCHS}.pth', '--out-dir', tmp_path, '--score-thr', 0.01)
    assert len(list((tmp_path / 'vis').iterdir())) == 8
    detections = json.loads((tmp_path / 'detections.json').read_text())
    assert all(len(d['bbox']) == 4 and 0.01 <= d['score'] <= 1 for d in detections)
