"""``fcos-mm train --data``: from a folder to a detector, and on after a stop."""
import shutil

import pytest
import torch

from fcos_mm.apis import train_data
from fcos_mm.cli import train
from fcos_mm.config import load_config
from fcos_mm.errors import UserError
from fcos_mm.recipes.schedule import Speed


@pytest.fixture
def quick(monkeypatch):
    """The speed is not measured but given: 1 s a step, 2 s a validation; 2 steps an epoch."""
    monkeypatch.setattr(train_data, 'measure_speed', lambda cfg: Speed(1., 2.))


def test_run_leaves_a_detector_and_a_short_config(from_data):
    config = from_data.work_dir / 'recipe' / 'my_shapes.py'
    assert len(config.read_text().splitlines()) <= 25
    assert load_config(str(config)).train_cfg.max_epochs == 1
    assert list(from_data.work_dir.glob('best_*_1.pth'))
    assert (from_data.work_dir / 'my_shapes.py').is_file()  # the dumped one


def test_screen_says_what_was_chosen_and_what_comes_next(from_data):
    lines = [' '.join(line.split()) for line in from_data.screen.splitlines()]
    assert 'image_size 64 x 64 given' in lines
    assert 'epochs 1 given' in lines
    assert any(line.startswith('best AP 0.') and line.endswith('after epoch 1') for line in lines)
    assert f'to test fcos-mm test {from_data.work_dir}' in lines
    assert f'to detect fcos-mm detect PICTURES --model {from_data.work_dir}' in lines


def test_resume_takes_the_config_as_it_is(from_data, run, tmp_path):
    shutil.copytree(from_data.work_dir, tmp_path / 'run')
    config = tmp_path / 'run' / 'recipe' / 'my_shapes.py'
    config.write_text(config.read_text().replace('num_workers=1', 'num_workers=0'))
    _, screen = run(train, '--data', from_data.data, '--work-dir', tmp_path / 'run', '--resume',
                    '--cfg-options', 'val_dataloader.num_workers=0')
    assert f'continuing with {config}' in screen
    assert 'resumed epoch: 1, iter: 2' in screen
    assert 'measuring' not in screen


@pytest.mark.parametrize('option, message', [
    (('--size', 96), 'made with --size 64x64, not --size 96x96'),
    (('--lr', 0.1), 'made with no --lr, not --lr 0.1')])
def test_resume_refuses_other_settings(from_data, run, option, message):
    with pytest.raises(UserError, match=message):
        run(train, '--data', from_data.data, '--work-dir', from_data.work_dir, '--resume', *option)


def test_an_earlier_run_is_left_alone(from_data, run):
    before = (from_data.work_dir / 'recipe' / 'my_shapes.py').read_bytes()
    with pytest.raises(UserError, match='a finished run .*(.|\n)*--resume .*--overwrite'):
        run(train, *from_data.words[:-1], 5)
    assert (from_data.work_dir / 'recipe' / 'my_shapes.py').read_bytes() == before


def test_dry_run_writes_the_config_alone(from_data, run, tmp_path, quick):
    _, screen = run(train, '--data', from_data.data, '--work-dir', tmp_path, '--dry-run',
                    '--time', '60s')
    config = tmp_path / 'recipe' / 'my_shapes.py'
    assert f'fcos-mm train {config} --work-dir {tmp_path}' in screen
    # 8 images in 4 steps of 2: 15 + 6 * 4 + 6 * 2 = 51 s with a validation after every epoch, but
    # 2 s are 15 % of 13.3, so that there is one in 4 epochs: 15 + 10 * 4 + 3 * 2 = 61.
    assert load_config(str(config)).train_cfg.max_epochs == 9
    assert not list(tmp_path.glob('*.pth'))


def test_a_config_is_there_once_it_is_complete(from_data, run, tmp_path, monkeypatch):
    def stop(cfg):
        raise KeyboardInterrupt

    monkeypatch.setattr(train_data, 'measure_speed', stop)
    with pytest.raises(KeyboardInterrupt):
        run(train, '--data', from_data.data, '--work-dir', tmp_path)
    assert not list(tmp_path.rglob('*.py'))


def test_a_batch_that_is_too_large_for_the_gpu(from_data, run, tmp_path, monkeypatch):
    def run_out(*args):
        raise torch.OutOfMemoryError('CUDA out of memory')

    monkeypatch.setattr('fcos_mm.apis.step_time._seconds', run_out)
    with pytest.raises(UserError, match='too little memory for 2 images(.|\n)*smaller --batch'):
        run(train, '--data', from_data.data, '--work-dir', tmp_path)


@pytest.mark.parametrize('words, message', [
    (('--batch', 9), '--batch 9: the training set has only 8 images'),
    (('--classes', 'disk'), "no class 'disk'. Did you mean 'disc'"),
    (('--backbone', 'lite'), 'no such backbone'),
    (('--time', '20s'), '--time is too short: one epoch .* 21 s'),
    (('--launcher', 'slurm'), '--data works in one process only')])
def test_bad_input_in_one_error(from_data, run, tmp_path, quick, words, message):
    with pytest.raises(UserError, match=message):
        run(train, '--data', from_data.data, '--work-dir', tmp_path, *words)


def test_nothing_usable(run, tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(UserError, match='empty'):
        run(train, '--data', tmp_path / 'empty', '--work-dir', tmp_path / 'run')
