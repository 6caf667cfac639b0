"""The real tools on a small copy of `shapes`: make, train, resume, test, detect."""
import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONFIG = 'configs/demo/fcos_csp-w25_fpn_shapes.py'
EPOCHS = 2


def run(*words, check=True):
    """Run a tool in a process of its own, as a user does."""
    env = {**os.environ, 'OMP_NUM_THREADS': '2'}
    done = subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, env=env, text=True,
                          capture_output=True, timeout=600)
    assert not check or done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('shapes')
    run('tools/dataset_converters/make_shapes.py', folder, '--counts', 64, 8, 12)
    return folder


def options(data):
    """What points the demo's config at the small dataset."""
    return ['--cfg-options', f'data_root={data}/', f'train_cfg.max_epochs={EPOCHS}',
            'default_hooks.logger.interval=1', 'default_hooks.checkpoint.interval=1',
            'default_hooks.checkpoint.max_keep_ckpts=2', 'model.test_cfg.score_thr=0.001']


@pytest.fixture(scope='module')
def work_dir(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp('work')
    done = run('tools/train.py', CONFIG, '--work-dir', folder, *options(data))
    (folder / 'screen.txt').write_text(done.stdout + done.stderr)
    return folder


def scalars(work_dir):
    """The training steps that the newest log holds, in order."""
    path = sorted(work_dir.glob('*/vis_data/scalars.json'))[-1]
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [row for row in rows if 'loss' in row]


def test_training_learns_and_keeps_checkpoints(work_dir):
    steps = scalars(work_dir)
    assert len(steps) == EPOCHS * 64 // 16
    for name in ('loss_cls', 'loss_bbox', 'loss_centerness'):
        assert all(0 < step[name] < 10 for step in steps)
    assert steps[-1]['loss'] < steps[0]['loss']
    assert (work_dir / f'epoch_{EPOCHS}.pth').is_file()


def test_the_screen_is_for_people(work_dir):
    screen = (work_dir / 'screen.txt').read_text()
    log = next(work_dir.glob('*/*.log')).read_text()
    assert 'loss_centerness' in screen
    assert len(screen.splitlines()) < 120 < len(log.splitlines())
    # The file keeps what the screen leaves out.
    assert 'conv_centerness.weight' in log and 'conv_centerness.weight' not in screen


def test_testing_prints_the_coco_table(data, work_dir, tmp_path):
    done = run('tools/test.py', CONFIG, work_dir / f'epoch_{EPOCHS}.pth', '--work-dir', tmp_path,
               '--out', tmp_path / 'results.pkl', '--show-dir', 'shown', *options(data))
    table = re.findall(r'Average (?:Precision|Recall) .* = (-?\d\.\d+)', done.stdout)
    assert len(table) >= 6 and all(-1 <= float(value) <= 1 for value in table)
    results = pickle.loads((tmp_path / 'results.pkl').read_bytes())
    assert len(results) == 12
    assert len(list(tmp_path.glob('*/shown/**/*.*g'))) == 12


def test_test_time_augmentation(data, work_dir, tmp_path):
    done = run('tools/test.py', CONFIG, work_dir / f'epoch_{EPOCHS}.pth', '--work-dir', tmp_path,
               '--tta', *options(data))
    assert 'Average Precision' in done.stdout


def test_resuming_goes_on_where_it_stopped(data, work_dir, tmp_path):
    run('tools/train.py', CONFIG, '--work-dir', tmp_path, '--resume', work_dir / 'epoch_1.pth',
        *options(data))
    assert len(scalars(tmp_path)) == (EPOCHS - 1) * 64 // 16
    assert (tmp_path / f'epoch_{EPOCHS}.pth').is_file()


def test_a_finished_run_is_not_mixed_with_another(data, work_dir):
    before = sorted(work_dir.glob('*.pth'))
    done = run('tools/train.py', CONFIG, '--work-dir', work_dir, *options(data), check=False)
    assert done.returncode == 2
    assert f'holds the checkpoints of a finished run (epoch {EPOCHS} of {EPOCHS}' in done.stderr
    assert sorted(work_dir.glob('*.pth')) == before


def test_detecting_in_a_folder(data, work_dir, tmp_path):
    run('tools/detect.py', data / 'test', CONFIG, work_dir / f'epoch_{EPOCHS}.pth', '--out-dir',
        tmp_path, '--score-thr', 0.01)
    assert len(list(tmp_path.rglob('*.png')) + list(tmp_path.rglob('*.jpg'))) == 12
    detections = json.loads(next(tmp_path.rglob('*.json')).read_text())
    assert all(len(d['bbox']) == 4 and 0.01 <= d['score'] <= 1 for d in detections)


def test_a_mistake_is_told_without_a_traceback(data, tmp_path):
    words = options(data) + ['model.bbox_head.num_classes=5']
    done = run('tools/train.py', CONFIG, '--work-dir', tmp_path, *words, check=False)
    assert done.returncode == 2
    assert 'num_classes' in done.stderr + done.stdout
    assert 'Traceback' not in done.stderr + done.stdout
