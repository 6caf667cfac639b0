"""A non-finite loss stops or skips, in real small runs; the batch that it leaves is replayed."""
import json
import sys

import pytest
import torch
from mmengine.hooks import Hook
from torch import nn

from fcos_mm.apis.replay import replay
from fcos_mm.cli import main, train
from fcos_mm.cli.analysis_tools import replay_batch
from fcos_mm.engine.guards.non_finite import NonFiniteHook, running_statistics
from fcos_mm.errors import UserError
from fcos_mm.registry import HOOKS
from tests.forked import ROOT, Forked, Ranks

POISON = '''
import fcos_mm
from fcos_mm.registry import HOOKS
from mmengine.dist import get_rank
from mmengine.hooks import Hook


@HOOKS.register_module()
class Poison(Hook):
    """One image of one rank is NaN in one iteration."""

    def __init__(self, iteration, rank=0):
        self.iteration, self.rank = iteration, rank

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if (runner.iter + 1, get_rank()) == (self.iteration, self.rank):
            data_batch['inputs'][0] = data_batch['inputs'][0].float() * float('nan')
'''


@pytest.fixture(scope='module')
def poisoned(tiny_config, tmp_path_factory):
    """``poisoned(text)`` writes a config that changes the tiny one and can use ``Poison``."""
    folder = tmp_path_factory.mktemp('poison')
    (folder / 'poison_hook.py').write_text(POISON)
    sys.path.insert(0, str(folder))

    def write(iteration=1, rank=0, text=''):
        path = folder / f'poisoned_{iteration}_{rank}.py'
        path.write_text(
            f"_base_ = '{tiny_config}'\n"
            "custom_imports = dict(imports=['fcos_mm', 'poison_hook'])\n"
            f"custom_hooks = [dict(type='Poison', iteration={iteration}, rank={rank}), "
            f"dict(type='GuardWatch')]\n{text}\n")
        return path

    yield write
    sys.path.remove(str(folder))


@HOOKS.register_module()
class GuardWatch(Hook):
    """Keeps the model's state around every iteration."""

    priority = 'LOWEST'
    states: list = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.states.append(copy_of(runner.model))

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.states.append(copy_of(runner.model))


def copy_of(model):
    return {name: value.clone() for name, value in model.state_dict().items()
            if value.is_floating_point()}


@pytest.fixture
def states(monkeypatch):
    monkeypatch.setattr(GuardWatch, 'states', [])
    return GuardWatch.states


def scalars(work_dir):
    path, = work_dir.glob('*/vis_data/scalars.json')
    return [line for line in map(json.loads, path.read_text().splitlines()) if 'loss' in line]


def test_diverging_training_stops_and_says_where(run, tiny_config, tmp_path):
    with pytest.raises(UserError) as caught:
        run(train, tiny_config, '--work-dir', tmp_path, '--cfg-options',
            'optim_wrapper.optimizer.lr=1e15')
    message = str(caught.value)
    assert 'iteration 2, rank 0: loss is' in message and 'loss_cls is' in message
    assert message.count('/images/train_') == 2
    assert 'learning rate (now 1e+15)' in message and '--auto-scale-lr' in message
    record = tmp_path / 'non_finite' / 'iteration_2_rank_0.pth'
    assert f'fcos-mm replay-batch {record}' in message
    assert not list(tmp_path.glob('*.pth'))
    assert all(value.isfinite().all() for value in torch.load(record)['state_dict'].values())

    finding, = replay(str(record))
    assert finding['iteration'] == 2 and finding['weights'] == []
    assert not finding['losses']['loss_cls'] < float('inf')
    assert finding['modules'] and finding['gradients']
    shown = run(replay_batch, record)
    assert 'iteration 2' in shown and f"in order: {finding['modules'][0]}" in shown


def test_weights_that_were_not_finite_before_are_named(run, trained_weights, tiny_config, tmp_path):
    with pytest.raises(UserError) as caught:
        run(train, tiny_config, '--work-dir', tmp_path, '--cfg-options',
            f'load_from={trained_weights}')
    message = str(caught.value)
    assert 'iteration 1, rank 0' in message
    assert '1 weights were already non-finite before the step: bbox_head.conv_cls.weight' in message
    assert not list(tmp_path.glob('*.pth'))


@pytest.fixture(scope='module')
def trained_weights(run, tiny_config, tmp_path_factory):
    """A checkpoint with one NaN in it."""
    folder = tmp_path_factory.mktemp('nan')
    run(train, tiny_config, '--work-dir', folder)
    checkpoint = torch.load(folder / 'epoch_1.pth')
    checkpoint['state_dict']['bbox_head.conv_cls.weight'][0, 0, 0, 0] = float('nan')
    torch.save(checkpoint, folder / 'nan.pth')
    return folder / 'nan.pth'


@pytest.mark.parametrize('iteration', [1, 2])
def test_skipping_leaves_the_weights_alone_and_goes_on(run, poisoned, states, tmp_path, iteration):
    screen = run(train, poisoned(iteration), '--work-dir', tmp_path, '--cfg-options',
                 'default_hooks.non_finite.action=skip')
    assert f'iteration {iteration}, rank 0: loss is nan' in screen
    assert 'Training continues (1 of 10 steps skipped).' in screen
    steps = [states[:2], states[2:]]
    before, after = steps.pop(iteration - 1)
    assert 'backbone.bn1.running_mean' in before  # the forward pass made it NaN
    assert all(torch.equal(after[name], value) for name, value in before.items())
    for name in ('backbone.conv1.weight', 'backbone.bn1.running_mean'):
        assert not torch.equal(steps[0][0][name], steps[0][1][name])
    saved = torch.load(tmp_path / 'epoch_1.pth')
    assert all(value.isfinite().all() for value in saved['state_dict'].values())
    lines = scalars(tmp_path)
    assert lines and all(0 < line['loss'] < 100 for line in lines)


def test_too_many_skips_stop(run, poisoned, states, tmp_path):
    with pytest.raises(UserError, match='non_finite.max_skips allows 0'):
        run(train, poisoned(iteration=1), '--work-dir', tmp_path, '--cfg-options',
            'default_hooks.non_finite.action=skip', 'default_hooks.non_finite.max_skips=0')


def test_all_batches_of_an_accumulated_step_are_kept(run, poisoned, states, tmp_path):
    with pytest.raises(UserError) as caught:
        run(train, poisoned(iteration=1), '--work-dir', tmp_path, '--cfg-options',
            'optim_wrapper.accumulative_counts=2')
    assert 'iteration 1, rank 0: loss is nan' in str(caught.value)
    assert 'iteration 2' not in str(caught.value)
    assert len(states) == 3  # it is found in the second iteration, whose gradient is added
    finding, = replay(str(tmp_path / 'non_finite' / 'iteration_1_rank_0.pth'))
    assert finding['iteration'] == 1 and finding['modules'][0] == 'backbone.conv1'


def test_the_gradient_and_the_floor_are_in_the_log(run, tiny_config, tmp_path):
    run(train, tiny_config, '--work-dir', tmp_path)
    lines = scalars(tmp_path)
    assert all(line['grad_norm'] > 0 for line in lines)
    assert all(0 < line['centerness_above_floor'] < line['loss_centerness'] for line in lines)


@pytest.mark.parametrize('action', ['stop', 'skip'])
def test_one_rank_decides_for_all(action, poisoned, tmp_path):
    """Two processes; the image of the second is NaN."""
    config = poisoned(iteration=1, rank=1)
    config.write_text(config.read_text().replace(", dict(type='GuardWatch')", ''))
    done = Ranks(
        2, ROOT / 'tools' / 'train.py', config, '--no-report', '--work-dir', tmp_path,
        '--cfg-options', f'default_hooks.non_finite.action={action}', 'train_cfg.max_epochs=2',
        'train_cfg.val_interval=9').finish()
    screen = done.out
    assert 'iteration 1, rank 1: loss is nan' in screen and 'iteration 1, rank 0' not in screen
    assert [file.name for file in (tmp_path / 'non_finite').iterdir()] == [
        'iteration_1_rank_1.pth']
    if action == 'stop':
        assert 0 not in done.statuses and not list(tmp_path.glob('*.pth'))
    else:
        assert done.statuses == [0, 0], screen[-3000:]
        saved = torch.load(tmp_path / 'epoch_2.pth')['state_dict']
        assert all(value.isfinite().all() for value in saved.values())


def test_checkpoint_that_is_not_finite_is_not_saved():
    hook = NonFiniteHook()
    hook.before_save_checkpoint(None, dict(state_dict=dict(a=torch.ones(2), n=torch.tensor(3))))
    with pytest.raises(UserError, match='1 weights are non-finite, a'):
        hook.before_save_checkpoint(None, dict(state_dict=dict(a=torch.tensor([1, float('inf')]))))


def test_other_wrappers_are_refused(run, tiny_config, tmp_path):
    with pytest.raises(UserError, match="Set optim_wrapper.type to 'fcos_mm.OptimWrapper'"):
        run(train, tiny_config, '--work-dir', tmp_path, '--cfg-options',
            'optim_wrapper.type=mmengine.OptimWrapper')


def test_off_leaves_everything_to_mmengine(run, poisoned, states, tmp_path):
    """Also with mmengine's own wrapper. Still no checkpoint is saved that is not finite."""
    with pytest.raises(UserError, match='The checkpoint is not saved'):
        run(train, poisoned(1), '--work-dir', tmp_path, '--cfg-options',
            'default_hooks.non_finite.action=off', 'optim_wrapper.type=mmengine.OptimWrapper')
    assert len(states) == 4 and states[1]['backbone.conv1.weight'].isnan().any()
    assert not list(tmp_path.glob('*.pth')) and not (tmp_path / 'non_finite').exists()


@pytest.mark.parametrize('options, word', [(dict(action='warn'), "'warn'"),
                                           (dict(action='skip', max_skips=-1), '-1')])
def test_wrong_options(options, word):
    with pytest.raises(UserError, match=word):
        NonFiniteHook(**options)


def test_frozen_norms_are_not_kept():
    model = nn.Sequential(nn.BatchNorm2d(2), nn.BatchNorm2d(3), nn.GroupNorm(1, 2))
    model[1].eval()
    assert [value.shape for value in running_statistics(model)] == [(2, ), (2, )]


def test_the_tool_is_a_script(tmp_path):
    torch.save(dict(state_dict={}), tmp_path / 'a.pth')
    done = Forked(ROOT / 'tools' / 'analysis_tools' / 'replay_batch.py',
                  tmp_path / 'a.pth').finish()
    assert done.status == 2 and done.out.startswith('error: ')
    assert 'a.pth contains no batch' in done.out and 'Traceback' not in done.out


def test_help_has_an_example(capsys):
    with pytest.raises(SystemExit):
        main(replay_batch, ['--help'])
    assert ' work_dirs/fcos/non_finite/iteration_120_rank_0.pth' in capsys.readouterr().out
