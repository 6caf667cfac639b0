"""``epochs`` where the training counts epochs, and where it counts iterations."""
import json

import pytest
from mmengine.config import Config

from fcos_mm.config import check_config
from fcos_mm.config.settings.epochs import apply_epochs
from fcos_mm.config.settings.given import Given
from fcos_mm.errors import UserError


def milestones(cfg):
    return cfg.param_scheduler[1].milestones


@pytest.mark.parametrize('epochs, steps', [
    (24, [16, 22]),  # 8 and 11 of 12
    (6, [4]),  # 4 and 5.5, which is the end
    (3, [2]),  # 2 and 2.75
    (1, [])])
def test_a_training_in_epochs(load, epochs, steps):
    cfg = load('mmdet', f'epochs = {epochs}')
    assert cfg.train_cfg == dict(type='EpochBasedTrainLoop', max_epochs=epochs, val_interval=1)
    assert milestones(cfg) == steps
    assert cfg.param_scheduler[1].end == epochs
    assert cfg.param_scheduler[0].end == 500  # the data are not there
    check_config(cfg, 'train')


def test_a_schedule_that_follows_its_length(load):
    cfg, base = load('demo', 'epochs = 40'), load('demo')
    assert cfg.train_cfg.max_epochs == 40
    assert cfg.param_scheduler == base.param_scheduler


def test_a_cosine(load):
    cosine = load('small', 'epochs = 25').param_scheduler[1]
    assert (cosine.begin, cosine.end, cosine.T_max) == (0, 25, 25)


@pytest.mark.parametrize('base, epochs, val_interval, checkpoint, schedule', [
    # 10,000 of 90,000 are 3.3 of 30; the rate drops at 60,000 and 80,000
    ('coco', 30, 3, 3, dict(begin=0, end=30, milestones=[20, 27], gamma=0.1)),
    ('jitter', 24, 1, 1, dict(begin=0, end=24, milestones=[16, 21], gamma=0.1)),
    # a cosine from 100 of 1000
    ('bccd', 40, 20, 20, dict(begin=4, end=40, T_max=36, eta_min=1e-5)),
    ('bccd', 2, 1, 1, dict(begin=1, end=2, T_max=1, eta_min=1e-5)),
    ('bccd', 1, 1, 1, dict(begin=0, end=1, T_max=1, eta_min=1e-5))])
def test_a_training_in_iterations(load, base, epochs, val_interval, checkpoint, schedule):
    cfg = load(base, '', f'epochs={epochs}')
    assert cfg.train_cfg == dict(
        type='EpochBasedTrainLoop', max_epochs=epochs, val_interval=val_interval)
    assert cfg.train_dataloader.sampler == dict(type='DefaultSampler', shuffle=True)
    hook = cfg.default_hooks.checkpoint
    assert (hook.by_epoch, hook.interval, cfg.log_processor.by_epoch) == (True, checkpoint, True)
    kind = load(base).param_scheduler[1].type
    assert cfg.param_scheduler[1] == dict(
        type=kind, by_epoch=True, convert_to_iter_based=True, **schedule)
    check_config(cfg, 'train')


def test_intervals_beside_the_epochs_count_epochs(load):
    cfg = load('coco', 'epochs = 30\ntrain_cfg = dict(val_interval=2)\n'
               'default_hooks = dict(checkpoint=dict(interval=5))')
    assert (cfg.train_cfg.val_interval, cfg.default_hooks.checkpoint.interval) == (2, 5)


def test_the_warm_up_is_a_tenth_of_the_training_at_most(load, tmp_path):
    """30 images, 8 a step: 4 steps an epoch."""
    content = dict(images=[dict(id=i, file_name=f'{i}.jpg') for i in range(30)])
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations' / 'train.json').write_text(json.dumps(content))
    for base in ('bccd', 'small'):
        cfg = load(base, f"data_root = '{tmp_path}/'")
        for epochs, end in ((1000, 100), (250, 100), (200, 80), (20, 8), (1, 2)):
            apply_epochs(cfg, Given('epochs', epochs))
            assert cfg.param_scheduler[0].end == end
            assert not cfg.param_scheduler[0].by_epoch


def in_epochs(**changes):
    return Config(dict(
        train_cfg=dict(by_epoch=True, max_epochs=10),
        param_scheduler=[dict(type='LinearLR', begin=0, end=4),
                         dict(type='CosineAnnealingLR', begin=4, end=10, T_max=6),
                         dict(type='mmengine.StepLR', step_size=3),
                         dict(type='ConstantLR', by_epoch=False, begin=100, end=200)],
        custom_hooks=[dict(type='PipelineSwitchHook', switch_epoch=8, switch_pipeline=[]),
                      dict(type='EMAHook', begin_epoch=5, momentum=0.1)], **changes))


def test_warm_up_in_epochs_and_hooks():
    cfg = in_epochs()
    apply_epochs(cfg, Given('epochs', 15))
    assert cfg.train_cfg == dict(by_epoch=True, max_epochs=15)
    assert [hook.get('switch_epoch', hook.get('begin_epoch')) for hook in cfg.custom_hooks] == [
        12, 8]
    warm_up, cosine, steps, other = cfg.param_scheduler
    # no more than a tenth, but 2; what begins where the warm-up ended goes on doing so
    assert (warm_up.end, cosine.begin, cosine.end, cosine.T_max) == (2, 2, 15, 13)
    assert steps.step_size == 4  # 4.5, to the even number
    assert other == in_epochs().param_scheduler[3]


def test_a_file_with_its_own_schedule_or_length_is_taken_at_its_word(load):
    own = "dict(type='PolyLR', by_epoch=True, begin=1, end=5)"
    assert load('mmdet', f'epochs = 5\nparam_scheduler = [{own}]').param_scheduler[0].begin == 1
    cfg = load('mmdet', 'epochs = 5\ntrain_cfg = dict(max_epochs=epochs)')
    assert milestones(cfg) == [8, 11]


@pytest.mark.parametrize('epochs', ['0', '2.5', "'12'", 'True'])
def test_what_is_no_number_of_epochs(load, epochs):
    with pytest.raises(UserError, match='epochs=.* a whole number of 1 or more'):
        load('mmdet', f'epochs = {epochs}')


@pytest.mark.parametrize('changes, said', [
    (dict(train_cfg=None), 'neither max_epochs nor max_iters'),
    (dict(train_cfg=dict(type='MyLoop', max_iters=5)), 'train_cfg is MyLoop'),
    (dict(train_cfg=dict(type='IterBasedTrainLoop', max_iters=5), train_dataloader=dict(
        sampler=dict(type='MultiSourceSampler'))), 'sampler is MultiSourceSampler')])
def test_a_training_without_epochs(changes, said):
    with pytest.raises(UserError, match=said):
        apply_epochs(Config(changes), Given('epochs', 3))
