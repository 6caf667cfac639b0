"""When a training stops early, and that it stays stopped."""
import logging
from types import SimpleNamespace

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MessageHub
from mmengine.registry import HOOKS as ROOT_HOOKS
from mmengine.registry import METRICS, DefaultScope
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop

from fcos_mm.cli import train
from fcos_mm.engine import EarlyStoppingHook
from fcos_mm.errors import UserError

AP = 'coco/bbox_mAP'
LOG = logging.getLogger('early stopping')


def runner_of(epochs=0, iterations=0, interval=1, **info):
    """A runner of so many epochs of ten iterations, or of so many iterations."""
    loop = (EpochBasedTrainLoop if epochs else IterBasedTrainLoop).__new__(
        EpochBasedTrainLoop if epochs else IterBasedTrainLoop)
    loop._max_epochs, loop._max_iters = epochs, iterations or 10 * epochs
    loop.val_interval, loop.stop_training = interval, False
    hub = MessageHub(f'early stopping {id(loop)}')
    hub.runtime_info.update(info)
    return SimpleNamespace(train_loop=loop, message_hub=hub, logger=LOG, epoch=0, iter=0,
                           max_iters=loop.max_iters)


def stopped_after(hook, runner, values, step=10):
    """After how many validations the training stops; None: not at all."""
    hook.before_train(runner)
    for place, value in enumerate(values, start=1):
        runner.epoch, runner.iter = runner.epoch + 1, runner.iter + step
        hook.after_val_epoch(runner, {AP: value})
        if runner.train_loop.stop_training:
            return place
    return None


def test_plain_name_gives_this_hook_in_our_scope():
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        assert type(ROOT_HOOKS.build(dict(type='EarlyStoppingHook'))) is EarlyStoppingHook


@pytest.mark.parametrize('values, expected', [
    ([.5] * 60, 42),  # the half, 30, and a fifth, 12
    ([0.] * 60, 42),
    ([0.] * 29 + [.1] * 31, 42),
    ([0.] * 35 + [.1] * 25, 48),  # better at 36, then 12 more
    ([.5 + .001 * place for place in range(60)], None),  # a little better all the time
    ([.5 + .0001 * place for place in range(60)], 53),  # better by 0.002 at 21 and at 41
])
def test_a_schedule_of_sixty_epochs(values, expected):
    assert stopped_after(EarlyStoppingHook(), runner_of(epochs=60), values) == expected


def test_patience_of_short_schedules():
    """A fifth of 12 is 3, but 10 are asked for: nothing stops."""
    assert stopped_after(EarlyStoppingHook(), runner_of(epochs=12), [.5] * 12) is None
    hook = EarlyStoppingHook(patience=2)
    assert stopped_after(hook, runner_of(epochs=12), [.5] * 12) == 9


def test_iterations_and_intervals():
    """Of 18 validations the last 9 count; a fifth is 4."""
    runner = runner_of(iterations=900, interval=50)
    hook = EarlyStoppingHook(patience=2)
    assert stopped_after(hook, runner, [.5] * 18, step=50) == 13


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, LOG.name)
    return caplog


def test_the_reason_is_printed(lines):
    stopped_after(EarlyStoppingHook(patience=3, begin=0, patience_share=0),
                  runner_of(epochs=60), [.3, .612, .6, .613, .5])
    assert lines.messages == ['Training stops early: no higher coco/bbox_mAP in 3 validations, '
                              'best 0.612 at epoch 2']
    lines.clear()
    stopped_after(EarlyStoppingHook(patience=1, begin=0, patience_share=0),
                  runner_of(iterations=6000), [.3, .3], step=1500)
    assert lines.messages[0].endswith('in 1 validations, best 0.300 at iteration 1,500')


def test_a_resumed_training_stops_where_the_undisturbed_one_does():
    values = [.1, .2, *[.3] * 20]
    settings = dict(patience=4, begin=.25, patience_share=0)
    undisturbed = stopped_after(EarlyStoppingHook(**settings), runner_of(epochs=20), values)
    for first in range(1, undisturbed):
        before = runner_of(epochs=20)
        assert stopped_after(EarlyStoppingHook(**settings), before, values[:first]) is None
        after = runner_of(epochs=20, **before.message_hub.runtime_info)
        after.epoch, after.iter = before.epoch, before.iter
        assert stopped_after(EarlyStoppingHook(**settings), after, values[first:]) == (
            undisturbed - first)


def test_a_stopped_training_does_not_go_on_unless_patience_is_raised(lines):
    settings = dict(begin=0, patience_share=0)
    before = runner_of(epochs=20)
    assert stopped_after(EarlyStoppingHook(patience=2, **settings), before, [.3] * 3) == 3
    lines.clear()
    for patience, stays in ((2, True), (3, False)):
        after = runner_of(epochs=20, **before.message_hub.runtime_info)
        EarlyStoppingHook(patience=patience, **settings).before_train(after)
        assert after.train_loop.stop_training is stays
    message, = lines.messages
    assert 'no higher coco/bbox_mAP in 2 validations, best 0.300 at epoch 1.' in message
    assert 'raise patience of the EarlyStoppingHook above 2' in message


def test_another_metric_starts_anew():
    before = runner_of(epochs=20)
    stopped_after(EarlyStoppingHook(patience=2, begin=0, patience_share=0), before, [.3] * 3)
    after = runner_of(epochs=20, **before.message_hub.runtime_info)
    EarlyStoppingHook(monitor='coco/bbox_mAP_50', patience=2).before_train(after)
    assert not after.train_loop.stop_training


def test_settings_that_are_refused():
    with pytest.raises(UserError, match='begin=50'):
        EarlyStoppingHook(begin=50)
    hook, runner = EarlyStoppingHook(monitor='coco/mAP'), runner_of(epochs=2)
    hook.before_train(runner)
    with pytest.raises(UserError, match=r"no such metric\. Did you mean 'coco/bbox_mAP'"):
        hook.after_val_epoch(runner, {AP: .5})
    hook.after_val_epoch(runner, {})  # only files were written


@METRICS.register_module()
class SameAgain(BaseMetric):
    """An AP that never changes."""

    default_prefix = 'coco'

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return dict(bbox_mAP=.25)


def test_a_training_that_stops(tiny_config, tmp_path, run):
    """Of eight epochs the last four count. The last checkpoint stays."""
    config, work_dir = tmp_path / 'stops.py', tmp_path / 'work'
    config.write_text(f'''
_base_ = '{tiny_config}'
val_evaluator = dict(_delete_=True, type='SameAgain')
train_cfg = dict(max_epochs=8)
default_hooks = dict(
    early_stopping=dict(type='EarlyStoppingHook', patience=2),
    checkpoint=dict(interval=5, save_best='coco/bbox_mAP'))
''')
    reason = 'no higher coco/bbox_mAP in 2 validations, best 0.250 at epoch 1'
    screen = run(train, config, '--work-dir', work_dir)
    assert f'Training stops early: {reason}' in screen and 'Epoch(train) [7]' not in screen
    assert sorted(path.name for path in work_dir.glob('*.pth')) == [
        'autosave_iter_12.pth', 'best_coco_bbox_mAP_epoch_1.pth', 'epoch_1.pth', 'epoch_5.pth']
    hub = torch.load(work_dir / 'autosave_iter_12.pth')['message_hub']['runtime_info']
    assert hub['early_stopping'] == dict(monitor=AP, best_score=.25, best_at='epoch 1',
                                         wait_count=2)
    screen = run(train, config, '--work-dir', work_dir, '--resume')
    assert f'was stopped early and cannot resume: {reason}' in screen
    assert 'Epoch(train)' not in screen
    screen = run(train, config, '--work-dir', work_dir, '--resume', '--cfg-options',
                 'default_hooks.early_stopping.patience=3')
    assert 'Epoch(train) [7]' in screen and 'Epoch(train) [8]' not in screen
