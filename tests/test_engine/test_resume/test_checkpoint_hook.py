"""Real small trainings that are stopped, damaged and resumed."""
import contextlib
import io
import os
import signal
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from fcos_mm.checkpoints.safe_loading import read_checkpoint
from fcos_mm.cli import main, train
from fcos_mm.engine.resume.checkpoint_hook import CheckpointHook
from fcos_mm.errors import UserError
from fcos_mm.evaluation.score_threshold import ScoreThresholds
from fcos_mm.visualization import DetLocalVisualizer

# 4 iterations an epoch, validated after each; averaged weights, the best one kept.
SETTINGS = '''
train_dataloader = dict(batch_size=1)
train_cfg = dict(max_epochs=3)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=2, save_best='coco/AR@100', {hook}))
model = dict(test_cfg=dict(max_per_img=100))
val_evaluator = dict(metric=['proposal', 'bbox'])
custom_hooks = [dict(type='EMAHook', ema_type='ExpMomentumEMA'), dict(type='Watch', {watch})]
log_processor = dict(by_epoch=True)
'''


@HOOKS.register_module()
class Watch(Hook):
    """Sends a signal to this process, and notes which checkpoints there are when."""

    priority = 'HIGHEST'

    def __init__(self, iteration=None, validation=None):
        self.iteration = iteration
        self.validation = validation
        self.seen = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.seen[runner.iter] = checkpoints(runner.work_dir)
        if runner.iter == self.iteration:
            os.kill(os.getpid(), signal.SIGTERM)

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.validation:
            os.kill(os.getpid(), signal.SIGUSR1)


def checkpoints(work_dir):
    return sorted(path.name for path in Path(work_dir).glob('*.pth'))


def write(folder, tiny_config, hook='', watch=''):
    path = folder / 'config.py'
    path.write_text(f"_base_ = '{tiny_config}'\n" + SETTINGS.format(hook=hook, watch=watch))
    return path


def run(config, work_dir, *words):
    """Train; return the exit status and what was on the screen."""
    for kind in (MMLogger, MessageHub, DetLocalVisualizer):  # named by the second
        kind._instance_dict.clear()
    screen, status = io.StringIO(), 0
    with contextlib.redirect_stdout(screen):
        try:
            main(train, [str(config), '--work-dir', str(work_dir), *words])
        except SystemExit as stop:
            status = stop.code
    return status, screen.getvalue()


def final(work_dir):
    return torch.load(work_dir / 'epoch_3.pth')


def history(checkpoint):
    scalars = checkpoint['message_hub']['log_scalars']
    return {name: scalars[name].data[0].tolist() for name in scalars if 'time' not in name}


def thresholds(checkpoint):
    return ScoreThresholds.from_meta(checkpoint['meta'])


def assert_same(one, other):
    """All losses and metrics, and weights, averaged weights and optimizer at the end."""
    assert len(history(one)['train/loss']) == 12 and len(history(one)['val/coco/AR@100']) == 3
    assert history(one) == history(other)
    for name in ('state_dict', 'ema_state_dict'):
        assert all(torch.equal(one[name][key], other[name][key]) for key in one[name])
    momentum = [checkpoint['optimizer']['state'] for checkpoint in (one, other)]
    assert momentum[0].keys() == momentum[1].keys() and momentum[0]
    for key, state in momentum[0].items():
        assert torch.equal(state['momentum_buffer'], momentum[1][key]['momentum_buffer'])
    assert thresholds(one) == thresholds(other)
    info = [checkpoint['message_hub']['runtime_info'] for checkpoint in (one, other)]
    assert info[0]['best_score'] == info[1]['best_score']


@pytest.fixture(scope='module', autouse=True)
def plain_config_texts():
    """mmengine formats the config for every checkpoint, which takes half a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Config, 'pretty_text', property(lambda self: repr(self.to_dict())))
        yield


@pytest.fixture(scope='module')
def undisturbed(tiny_config, tmp_path_factory):
    folder = tmp_path_factory.mktemp('undisturbed')
    status, _ = run(write(folder, tiny_config), folder / 'work')
    assert status == 0
    return folder / 'work'


def test_a_finished_run_leaves_the_signals_alone(tiny_config, tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    config = write(tmp_path, tiny_config)
    assert run(config, tmp_path / 'work', '--cfg-options', 'train_cfg.max_epochs=1')[0] == 0
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_run_leaves_what_was_asked_for(undisturbed):
    best, *others = checkpoints(undisturbed)
    assert best.startswith('best_coco_AR@100_epoch_') and others == ['epoch_2.pth', 'epoch_3.pth']
    assert (undisturbed / 'last_checkpoint').read_text() == str(undisturbed / 'epoch_3.pth')
    assert not list(undisturbed.glob('.*'))


def test_best_and_last_checkpoint_hold_score_thresholds(undisturbed):
    """Those of the validation of their own weights: the second one finds no box."""
    best, second, last = (thresholds(torch.load(undisturbed / name))
                          for name in checkpoints(undisturbed))
    assert second is None and best != last
    for found in (best, last):
        assert 0 < found.overall < 1 and 0 < found.f1 < 1 and list(found.classes) == ['cup']


@pytest.mark.parametrize('watch, saved', [
    ('iteration=5', 'autosave_iter_6.pth'),  # in the middle of the second epoch
    ('iteration=7', 'autosave_iter_8.pth'),  # at its last iteration, before the epoch's end
    ('validation=8', 'epoch_2.pth')],  # in the validation after it
    ids=['iteration', 'last iteration', 'validation'])
def test_a_signal_saves_and_stops(watch, saved, undisturbed, tiny_config, tmp_path):
    work_dir = tmp_path / 'work'
    status, screen = run(write(tmp_path, tiny_config, watch=watch), work_dir)
    assert status == 75
    name = 'SIGTERM' if 'iter' in watch else 'SIGUSR1'
    assert f'Stopped by {name}. Saved in {work_dir / saved}; exit status 75.' in screen
    assert (work_dir / 'last_checkpoint').read_text() == str(work_dir / saved)
    assert 'Epoch(val) [2][2/2]' not in screen
    status, screen = run(write(tmp_path, tiny_config), work_dir, '--resume')
    assert status == 0
    assert 'resumed epoch' in screen and 'Epoch(train) [1]' not in screen
    assert_same(final(undisturbed), final(work_dir))
    # the one saved in between is not needed any more
    assert checkpoints(work_dir) == checkpoints(undisturbed)


def test_a_run_that_goes_on_elsewhere_saves_there(tiny_config, tmp_path):
    """It was stopped in a validation, and is again, before anything else is saved."""
    config = write(tmp_path, tiny_config, watch='validation=8')
    assert run(config, tmp_path / 'work')[0] == 75
    status, _ = run(config, tmp_path / 'other', '--resume', str(tmp_path / 'work' / 'epoch_2.pth'))
    assert status == 75
    assert checkpoints(tmp_path / 'other') == ['autosave_iter_8.pth']


def test_the_runner_of_mmengine(undisturbed, tiny_config, tmp_path):
    work_dir = tmp_path / 'work'
    assert run(write(tmp_path, tiny_config, watch='iteration=5'), work_dir)[0] == 75
    cfg = Config.fromfile(write(tmp_path, tiny_config))
    cfg.merge_from_dict(dict(work_dir=str(work_dir), resume=True))
    with contextlib.redirect_stdout(io.StringIO()):
        Runner.from_cfg(cfg).train()
    assert_same(final(undisturbed), final(work_dir))


def watch_of(work_dir, monkeypatch, config):
    """What there was before each iteration."""
    watches = []
    monkeypatch.setattr(Watch, 'before_train', lambda self, runner: watches.append(self))
    assert run(config, work_dir)[0] == 0
    return watches[0].seen


def test_saving_by_the_clock(tiny_config, tmp_path, monkeypatch):
    config = write(tmp_path, tiny_config, hook='minutes=0, interval=3')
    seen = watch_of(tmp_path / 'work', monkeypatch, config)
    assert seen[0] == []
    assert seen[2] == ['autosave_iter_1.pth', 'autosave_iter_2.pth']
    assert seen[3] == ['autosave_iter_2.pth', 'autosave_iter_3.pth']
    assert not [name for name in checkpoints(tmp_path / 'work') if 'autosave' in name]


def test_the_clock_is_not_looked_at_too_often(tiny_config, tmp_path, monkeypatch):
    config = write(tmp_path, tiny_config, hook='minutes=60')
    seen = watch_of(tmp_path / 'work', monkeypatch, config)
    assert not [name for names in seen.values() for name in names if 'autosave' in name]


def test_the_old_ones_go_after_the_new_one_is_written(tiny_config, tmp_path, monkeypatch):
    there = []
    write_one = CheckpointHook._write

    def written(self, runner, name, meta):
        write_one(self, runner, name, meta)
        there.append([name for name in checkpoints(runner.work_dir) if name.startswith('epoch')])

    monkeypatch.setattr(CheckpointHook, '_write', written)
    config = write(tmp_path, tiny_config, hook='max_keep_ckpts=1')
    config.write_text(config.read_text().replace('max_keep_ckpts=2, ', ''))
    assert run(config, tmp_path / 'work')[0] == 0
    assert ['epoch_1.pth', 'epoch_2.pth'] in there and ['epoch_2.pth', 'epoch_3.pth'] in there
    assert checkpoints(tmp_path / 'work')[1:] == ['epoch_3.pth']


def test_a_damaged_checkpoint(undisturbed, tiny_config, tmp_path):
    work_dir = tmp_path / 'work'
    config = write(tmp_path, tiny_config, watch='iteration=9')
    assert run(config, work_dir)[0] == 75
    path = work_dir / 'autosave_iter_10.pth'
    path.write_bytes(path.read_bytes()[:-100])
    status, screen = run(write(tmp_path, tiny_config), work_dir, '--resume')
    assert status == 0
    assert f'{path} is damaged' in screen
    assert f'Using the previous one, {work_dir / "epoch_2.pth"}.' in screen
    assert_same(final(undisturbed), final(work_dir))


def test_a_damaged_checkpoint_is_none_of_those_kept(tiny_config, tmp_path):
    work_dir = tmp_path / 'work'
    assert run(write(tmp_path, tiny_config, 'minutes=0', 'iteration=2'), work_dir)[0] == 75
    assert checkpoints(work_dir) == ['autosave_iter_2.pth', 'autosave_iter_3.pth']
    damaged = work_dir / 'autosave_iter_3.pth'
    damaged.write_bytes(damaged.read_bytes()[:-100])
    config = write(tmp_path, tiny_config, 'interval=-1', 'iteration=3')
    assert run(config, work_dir, '--resume')[0] == 75
    assert checkpoints(work_dir) == ['autosave_iter_2.pth', 'autosave_iter_4.pth']


def test_what_a_kill_left_unfinished_is_removed(tiny_config, tmp_path):
    work_dir = tmp_path / 'work'
    work_dir.mkdir()
    (work_dir / '.epoch_1.pth.unfinished').write_bytes(b'half')
    run(write(tmp_path, tiny_config, watch='iteration=0'), work_dir)
    assert checkpoints(work_dir) == ['autosave_iter_1.pth']
    assert not list(work_dir.glob('.*'))


def test_a_full_disk(tiny_config, tmp_path, monkeypatch):
    """The second checkpoint finds no room, after a half of it is written."""
    from mmengine.fileio import LocalBackend
    put = LocalBackend.put

    def full(self, content, path):
        if 'epoch_2' in str(path):
            Path(path).write_bytes(content[:len(content) // 2])
            raise OSError(28, 'No space left on device')
        put(self, content, path)

    monkeypatch.setattr(LocalBackend, 'put', full)
    work_dir = tmp_path / 'work'
    with pytest.raises(UserError) as error:
        run(write(tmp_path, tiny_config), work_dir)
    assert f'{work_dir}/epoch_2.pth cannot be written: No space left on device' in str(error.value)
    assert 'MiB are free' in str(error.value)
    assert (work_dir / 'last_checkpoint').read_text() == str(work_dir / 'epoch_1.pth')
    for name in checkpoints(work_dir):
        read_checkpoint(str(work_dir / name))
    assert 'epoch_2.pth' not in checkpoints(work_dir) and not list(work_dir.glob('.*'))


def test_changed_settings_are_logged(tiny_config, tmp_path):
    work_dir = tmp_path / 'work'
    run(write(tmp_path, tiny_config, watch='iteration=5'), work_dir)
    status, screen = run(
        write(tmp_path, tiny_config), work_dir, '--resume', '--cfg-options',
        'train_dataloader.batch_size=2', 'optim_wrapper.optimizer.lr=0.5')
    assert status == 0
    assert 'batch size: 1 -> 2' in screen
    assert 'A step had 1 images and has 2' in screen
    assert 'the changes to optim_wrapper.optimizer have no effect' in screen
    # 2 of 4 batches were done, which is 1 of 2
    assert 'Epoch(train) [2][2/2]' in screen and 'Epoch(train) [2][1/2]' not in screen
    assert final(work_dir)['meta']['iter'] == 6


def test_a_checkpoint_of_plain_mmengine(undisturbed, tiny_config, tmp_path):
    checkpoint = torch.load(undisturbed / 'epoch_2.pth')
    del checkpoint['random_states'], checkpoint['meta']['run']
    torch.save(checkpoint, tmp_path / 'plain.pth')
    status, screen = run(write(tmp_path, tiny_config), tmp_path / 'work', '--resume',
                         str(tmp_path / 'plain.pth'))
    assert status == 0
    assert 'it holds no RNG states' in screen
    assert 'Epoch(train) [3][4/4]' in screen and 'Epoch(val) [2]' not in screen


def test_weights_to_start_from_are_no_run_to_resume(undisturbed, tiny_config, tmp_path):
    config = write(tmp_path, tiny_config)
    config.write_text(config.read_text() + f"load_from = '{undisturbed}/epoch_2.pth'\n")
    status, screen = run(config, tmp_path / 'work')
    assert status == 0
    assert 'Epoch(train) [1][1/4]' in screen and 'differs from' not in screen


def test_gradients_that_are_gathered_are_waited_for(tiny_config, tmp_path, monkeypatch):
    """With an update every second iteration the clock's checkpoints fall on these."""
    config = write(tmp_path, tiny_config, hook='minutes=0, interval=3')
    config.write_text(config.read_text() + 'optim_wrapper = dict(accumulative_counts=2)\n')
    seen = watch_of(tmp_path / 'work', monkeypatch, config)
    assert seen[1] == [] and seen[2] == ['autosave_iter_2.pth'] == seen[3]
