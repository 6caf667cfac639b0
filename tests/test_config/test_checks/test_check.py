"""check_config on configs that are right: nothing that can work may be refused."""
import importlib.util
from pathlib import Path

import pytest

from fcos_mm.config import check_config, load_config
from fcos_mm.config.checks import check
from fcos_mm.config.checks.loops import training_length
from fcos_mm.config.checks.model_shapes import shape_faults
from fcos_mm.config.checks.schedules import schedule_faults
from fcos_mm.errors import UserError

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
SHIPPED = sorted(path for path in CONFIGS.rglob('*.py') if '_base_' not in path.parts
                 and ('timm' not in path.stem or importlib.util.find_spec('timm')))
STEPS = CONFIGS / 'fcos' / 'fcos_r50-caffe_fpn_gn-head_1x_coco.py'
COSINE = CONFIGS / 'bccd' / 'fcos_r18-half_fpn_scratch_bccd.py'


@pytest.fixture
def warned(monkeypatch):
    messages = []
    monkeypatch.setattr(check, 'print_log', lambda message, **settings: messages.append(message))
    return messages


def test_every_shipped_config_passes_without_a_warning(warned):
    others = [one for one in check.CHECKS if one is not shape_faults]  # the same in both modes
    for path in SHIPPED:
        cfg = load_config(str(path))
        check_config(cfg, 'train')
        check_config(cfg, 'test', others)
    assert warned == [] and len(SHIPPED) > 30


@pytest.mark.parametrize('config, options, expected', [
    (STEPS, {'train_cfg.max_iters': 100_000}, None),  # a constant rate after the last step
    (STEPS, {'train_cfg.max_iters': 300_000}, 'last time at 80000'),  # most at the lowest rate
    (STEPS, {'train_cfg.max_iters': 100}, 'never dropped'),  # a trial run
    (STEPS, {'train_cfg.val_interval': 1}, '90000 validations'),
    (STEPS, {'log_processor.by_epoch': True}, 'log_processor.by_epoch=False'),
    (COSINE, {'train_cfg.max_iters': 1200}, None),  # a sixth at the floor
    (COSINE, {'train_cfg.max_iters': 300}, 'not completed'),
    (COSINE, {'param_scheduler.1.end': 3000, 'train_cfg.max_iters': 3000}, 'T_max=2900'),  # rises
    (COSINE, {'train_cfg.max_iters': 3000, 'param_scheduler.1.eta_min': 0.00007}, 'Stretch'),
])
def test_what_a_trial_may_mean_is_a_warning(warned, config, options, expected):
    check_config(load_config(str(config), options), 'train')
    assert any(expected in message for message in warned) if expected else warned == []


def test_epochs_is_what_makes_a_training_longer():
    cfg = load_config('fcos_efficientnet-lite0_fpn_bccd', {'train_cfg.max_epochs': 500})
    fault, = schedule_faults(cfg, 'train')
    assert 'Set epochs=500 in the place of train_cfg.max_epochs' in fault


def test_a_resumed_run_may_be_longer_than_its_schedule():
    cfg = load_config(str(COSINE), {'train_cfg.max_iters': 3000})
    assert 'Stretch the schedule' in list(schedule_faults(cfg, 'train'))[0]
    cfg.resume = True
    assert list(schedule_faults(cfg, 'train')) == []


def test_length_of_a_training():
    cfg = load_config(str(STEPS))
    assert training_length(cfg) == ('max_iters', 90000)
    cfg.train_cfg = dict(by_epoch=True, max_epochs=3)
    assert training_length(cfg) == ('max_epochs', 3)


@pytest.mark.parametrize('key, value', [
    ('train_dataloader', 3), ('train_dataloader.dataset', 'coco'), ('optim_wrapper', []),
    ('param_scheduler', 'cosine'), ('default_hooks.logger', True), ('randomness', 1),
    ('param_scheduler.1.end', 'end'), ('param_scheduler.1.begin', [0]), ('default_scope', ''),
])
def test_a_value_of_another_kind_is_named(key, value):
    cfg = load_config(str(COSINE))
    *parents, last = key.split('.')
    part = cfg
    for name in parents:
        part = part[int(name) if name.isdigit() else name]
    part[last] = value
    with pytest.raises(UserError, match=rf'{key}=.* must be'):
        check_config(cfg, 'train')
