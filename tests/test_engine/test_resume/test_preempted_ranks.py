"""A cluster stops two ranks and their workers, all at once; later they resume."""
import os
import signal
import time
from pathlib import Path

import pytest
import torch

from fcos_mm.checkpoints.safe_loading import read_checkpoint

ITERATIONS = 30
SETTINGS = f'''
train_dataloader = dict(
    batch_size=1, num_workers=1, persistent_workers=True,
    sampler=dict(_delete_=True, type='InfiniteSampler', shuffle=True))
train_cfg = dict(
    _delete_=True, type='IterBasedTrainLoop', max_iters={ITERATIONS}, val_interval=1000)
val_cfg = None
val_dataloader = None
val_evaluator = None
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=1000))
log_processor = dict(by_epoch=False)
'''


@pytest.fixture
def launch(start_script):
    """``launch(config, work_dir, *words)``: start two ranks; their screen is in a file."""

    def start(config, work_dir, *words):
        with open(work_dir.with_suffix('.txt'), 'a') as screen:
            return start_script('dist_train.sh', config, 2, '--work-dir', work_dir, *words,
                                screen=screen)

    return start


def screen_of(work_dir):
    return work_dir.with_suffix('.txt').read_text()


def losses(work_dir):
    checkpoint = torch.load(work_dir / f'iter_{ITERATIONS}.pth')
    return checkpoint['message_hub']['log_scalars']['train/loss'].data[0].tolist()


def wait_for(text, work_dir, process):
    end = time.monotonic() + 200
    while text not in screen_of(work_dir):
        assert process.poll() is None and time.monotonic() < end, screen_of(work_dir)[-3000:]
        time.sleep(0.05)


def test_two_ranks_stop_together_and_go_on(launch, tiny_config, tmp_path):
    config = tmp_path / 'config.py'
    config.write_text(f"_base_ = '{tiny_config}'\n{SETTINGS}")
    undisturbed, stopped = tmp_path / 'undisturbed', tmp_path / 'stopped'
    assert launch(config, undisturbed).wait(300) == 0, screen_of(undisturbed)[-3000:]

    process = launch(config, stopped)
    wait_for(f'[ 3/{ITERATIONS}]', stopped, process)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(120) != 0
    assert 'Stopped by SIGTERM' in screen_of(stopped)
    saved = Path((stopped / 'last_checkpoint').read_text())
    read_checkpoint(str(saved))
    assert saved.name.startswith('autosave_iter_')
    assert len(torch.load(saved)['random_states']) == 2

    assert launch(config, stopped, '--resume').wait(300) == 0, screen_of(stopped)[-3000:]
    assert len(losses(stopped)) == ITERATIONS
    assert losses(stopped) == losses(undisturbed)


@pytest.fixture(autouse=True)
def no_process_is_left(tmp_path):
    yield
    alive = [path for path in Path('/proc').glob('[0-9]*/cmdline')
             if str(tmp_path).encode() in _read(path)]
    assert not alive


def _read(path):
    try:
        return path.read_bytes()
    except OSError:  # it has just ended
        return b''
