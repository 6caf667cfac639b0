"""What a resumed run says about settings that have changed."""
from types import SimpleNamespace

from mmengine.config import Config
from torch.utils.data import DataLoader

from fcos_mm.engine.resume.run_settings import changes, run_settings


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
    assert 'load_from=CHECKPOINT' in text


def test_many_changes_are_counted():
    lines = changes(settings(), settings(**{f'key{place:02}': '1' for place in range(20)}))
    assert sum(line.startswith('  key') for line in lines) == 12
    assert '  and 8 more settings of the config' in lines


def test_another_length_keeps_the_schedule():
    lines = changes(settings(**{'train_cfg.max_epochs': '12'}),
                    settings(**{'train_cfg.max_epochs': '10'}))
    assert lines[2:] == [
        'The new settings hold from here on; the result is not that of an undisturbed run.',
        'The learning rate follows the schedule of the checkpoint, which was made for the length '
        'before.']


def test_the_sentence_does_not_promise_what_the_checkpoint_holds():
    lines = changes(settings(**{'param_scheduler.0.end': '5'}),
                    settings(**{'param_scheduler.0.end': '9'}))
    assert 'The new settings hold from here on, except those named last;' in lines[2]
