"""A cluster stops two ranks and their workers, all at once; later they resume."""
from pathlib import Path

import pytest
import torch

from fcos_mm.checkpoints.safe_loading import read_checkpoint
from fcos_mm.engine.resume.preemption import EXIT_STATUS
from tests.forked import ROOT, Ranks

ITERATIONS = 16
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


def losses(work_dir):
    checkpoint = torch.load(work_dir / f'iter_{ITERATIONS}.pth')
    return checkpoint['message_hub']['log_scalars']['train/loss'].data[0].tolist()


def test_two_ranks_stop_together_and_go_on(tiny_config, tmp_path):
    config = tmp_path / 'config.py'
    config.write_text(f"_base_ = '{tiny_config}'\n{SETTINGS}")

    def start(work_dir, *words):
        return Ranks(2, ROOT / 'tools' / 'train.py', config, '--no-report', '--work-dir', work_dir,
                     *words, screen=work_dir.with_suffix('.txt'))

    undisturbed, stopped = tmp_path / 'undisturbed', tmp_path / 'stopped'
    end = start(undisturbed).finish()
    assert end.statuses == [0, 0], end.out[-3000:]

    ranks = start(stopped)
    ranks.wait_for(f'[ 3/{ITERATIONS}]')
    ranks.stop()
    end = ranks.finish(120)
    assert end.statuses == [EXIT_STATUS, EXIT_STATUS], end.out[-3000:]
    assert 'Stopped by SIGTERM' in end.out
    saved = Path((stopped / 'last_checkpoint').read_text())
    read_checkpoint(str(saved))
    assert saved.name.startswith('autosave_iter_')
    assert len(torch.load(saved)['random_states']) == 2

    end = start(stopped, '--resume').finish()
    assert end.statuses == [0, 0], end.out[-3000:]
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
