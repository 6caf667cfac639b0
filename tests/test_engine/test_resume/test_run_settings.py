"""Settings that have changed since a checkpoint, and schedules that have ended."""
from types import SimpleNamespace

import pytest
from mmengine.config import Config
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import DataLoader

from fcos_mm.engine.resume.run_settings import changes, check_schedule, run_settings
from fcos_mm.errors import UserError


def settings(processes=2, batch_size=4, images=20, **config):
    return dict(processes=processes, batch_size=batch_size, images=images, config=config)


def test_settings_of_a_run():
    runner = SimpleNamespace(
        train_dataloader=DataLoader(range(20), batch_size=4),
        cfg=Config(dict(
            work_dir='a', resume=True, randomness=dict(seed=1), model=dict(head=dict(classes=2)),
            hooks=[dict(type='A', work_dir='kept'), dict(type='B')], scale=(1, 2))))
    assert run_settings(runner) == settings(1, **{
        'model.head.classes': '2', 'hooks.0.type': "'A'", 'hooks.0.work_dir': "'kept'",
        'hooks.1.type': "'B'", 'scale': '(1, 2)'})


def test_nothing_has_changed():
    assert changes(settings(a='1'), settings(a='1')) == []


def test_another_number_of_processes():
    text = '\n'.join(changes(settings(), settings(processes=8)))
    assert '  processes: 2 -> 8' in text
    assert 'A step had 8 images and has 32' in text
    assert 'batch size' not in text


def test_settings_that_came_went_and_changed():
    lines = changes(settings(a='1', b='2'), settings(b='3', c='4'))
    assert lines[1:4] == ['  a: 1 -> absent', '  b: 2 -> 3', '  c: absent -> 4']
    assert 'A step' not in '\n'.join(lines)


def test_settings_that_have_no_effect_any_more():
    before = settings(**{'optim_wrapper.optimizer.lr': '0.01', 'param_scheduler.0.end': '5'})
    text = '\n'.join(changes(before, settings(**{'optim_wrapper.optimizer.lr': '0.02'})))
    assert 'the changes to optim_wrapper.optimizer and param_scheduler have no effect' in text
    assert '--load-from CHECKPOINT' in text


def test_many_changes_are_counted():
    lines = changes(settings(), settings(**{f'key{place:02}': '1' for place in range(20)}))
    assert sum(line.startswith('  key') for line in lines) == 12
    assert '  and 8 more settings of the config' in lines


def test_another_length_keeps_the_schedule():
    lines = changes(settings(**{'train_cfg.max_epochs': '12'}),
                    settings(**{'train_cfg.max_epochs': '10'}))
    assert lines[2:] == [
        'The new settings apply from here on; the result is not that of an uninterrupted run.',
        'The learning rate follows the schedule of the checkpoint, which was made for the '
        'previous length.']


def test_the_sentence_does_not_promise_what_the_checkpoint_holds():
    lines = changes(settings(**{'param_scheduler.0.end': '5'}),
                    settings(**{'param_scheduler.0.end': '9'}))
    assert 'The new settings apply from here on, except those named last;' in lines[2]


def resumed(max_epochs, *ends, by_epoch=False):
    """A run of 100 iterations an epoch whose schedules end so."""
    loop = EpochBasedTrainLoop.__new__(EpochBasedTrainLoop)
    loop._max_epochs = max_epochs
    return SimpleNamespace(
        train_loop=loop, max_iters=100 * max_epochs,
        optim_wrapper=SimpleNamespace(get_lr=lambda: dict(lr=[0.25, 1e-5])),
        param_schedulers=[SimpleNamespace(end=end, by_epoch=by_epoch, param_name='lr')
                          for end in ends])


@pytest.mark.parametrize('run', [
    pytest.param(resumed(24, 5, 1200), id='a warm-up and a decay by iterations'),
    pytest.param(resumed(24, 2000, 1198), id='a warm-up beyond it all'),
    pytest.param(resumed(24, 12, by_epoch=True), id='a decay by epochs')])
def test_a_longer_run_is_refused(run):
    with pytest.raises(UserError, match='run with max_epochs=12, .* would stay at 0.25') as error:
        check_schedule(run, {'train_cfg.max_epochs': '12'}, 'A.pth')
    assert str(error.value).endswith('--load-from A.pth --cfg-options train_cfg.max_epochs=12')


@pytest.mark.parametrize('run', [
    pytest.param(resumed(12, 1200), id='as long as before'),
    pytest.param(resumed(6, 1200), id='shorter'),
    pytest.param(resumed(24, 50, 800), id='a constant rate at the end was asked for'),
    pytest.param(resumed(24, float('inf')), id='a schedule without an end'),
    pytest.param(resumed(24), id='no schedule')])
def test_other_runs_go_on(run):
    check_schedule(run, {'train_cfg.max_epochs': '12'}, 'A.pth')


def test_a_run_that_does_not_say_how_long_it_was():
    check_schedule(resumed(24, 1200), {}, 'A.pth')
