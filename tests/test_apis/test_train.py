"""``tools/train.py``: what a run leaves, and what it refuses."""
import json
import shutil

import pytest

from fcos_mm.cli import train
from fcos_mm.errors import UserError


def test_run_leaves_a_checkpoint_and_a_config(trained):
    assert trained.checkpoint.is_file()
    assert (trained.work_dir / trained.config.name).is_file()


def test_resumed_run_goes_on(trained, run, tmp_path):
    _, screen = run(train, trained.config, '--work-dir', tmp_path, '--resume', trained.checkpoint,
                    '--cfg-options', 'train_cfg.max_epochs=2', 'train_cfg.val_interval=9')
    assert 'resumed epoch: 1, iter: 2' in screen
    assert 'Epoch(train) [2][2/2]' in screen
    assert 'Epoch(train) [1]' not in screen


def test_resume_refuses_another_model(trained, run, tmp_path):
    with pytest.raises(UserError, match='does not fit the model'):
        run(train, trained.config, '--work-dir', tmp_path, '--resume', trained.checkpoint,
            '--cfg-options', 'model.bbox_head.stacked_convs=2')


@pytest.fixture
def faulty(tiny_data, tmp_path):
    """An option for data whose annotations give an image another size."""
    root = tmp_path / 'data'
    shutil.copytree(tiny_data, root)
    data = json.loads((root / 'train.json').read_text())
    data['images'][1]['width'] = 63
    (root / 'train.json').write_text(json.dumps(data))
    return f'train_dataloader.dataset.data_root={root}'


def test_data_are_checked_before_training(faulty, tiny_config, tmp_path, run):
    with pytest.raises(UserError, match=r'train_2.png is 64 x 48, annotated .* as 63 x 48'):
        run(train, tiny_config, '--work-dir', tmp_path / 'run', '--cfg-options', faulty)
    assert not (tmp_path / 'run').exists()


def test_no_data_check(faulty, tiny_config, tmp_path, run):
    run(train, tiny_config, '--work-dir', tmp_path / 'run', '--skip-data-check', '--cfg-options',
        faulty)
    assert (tmp_path / 'run' / 'epoch_1.pth').is_file()
