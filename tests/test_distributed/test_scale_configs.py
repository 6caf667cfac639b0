"""Every file of ``configs/_base_/scale`` trains; zero1.py does in test_failures.py."""
import contextlib
import io
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.model import convert_sync_batchnorm
from mmengine.registry import DefaultScope

from fcos_mm.cli import main, train
from fcos_mm.compat.distributed import prepare_launch
from fcos_mm.errors import UserError
from fcos_mm.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def derived(tiny_config, tmp_path):
    """``derived(name)``: the tiny config with a fragment of ``scale/``."""

    def write(name):
        path = tmp_path / f'{name}.py'
        base = ROOT / 'configs' / '_base_' / 'scale' / f'{name}.py'
        path.write_text(f"_base_ = ['{tiny_config}', '{base}']\n")
        return path

    return write


def run(config, work_dir, *words):
    """Train in this process; returns the checkpoint of the last epoch and the screen."""
    MMLogger._instance_dict.clear()
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen):
        main(train, [str(config), '--work-dir', str(work_dir), *words])
    checkpoint = max(work_dir.glob('epoch_*.pth'), key=lambda path: path.stat().st_mtime)
    return torch.load(checkpoint), screen.getvalue()


def test_ema_saves_the_running_mean(derived, tiny_config, tmp_path):
    """Of two steps: three quarters of the first weights and one of the second."""
    config = derived('ema')
    words = ['--cfg-options', 'custom_hooks.0.ema_type=ExponentialMovingAverage',
             'custom_hooks.0.momentum=0.25', 'train_dataloader.batch_size=4',
             'train_cfg.max_epochs=2', 'train_cfg.val_interval=9']
    saved, _ = run(config, tmp_path / 'run', *words)
    steps = [run(tiny_config, tmp_path / str(count), '--cfg-options',
                 'train_dataloader.batch_size=4', f'train_cfg.max_epochs={count}',
                 'train_cfg.val_interval=9')[0]['state_dict']
             for count in (1, 2)]
    for name, first in steps[0].items():
        if first.is_floating_point():
            expected = 0.75 * first + 0.25 * steps[1][name]
            torch.testing.assert_close(saved['state_dict'][name], expected)
    assert 'module.backbone.conv1.weight' in saved['ema_state_dict']


def test_auto_scale_lr_tells_batch_and_rate(tiny_config, tmp_path):
    saved, screen = run(
        tiny_config, tmp_path / 'run', '--auto-scale-lr', '--cfg-options',
        'optim_wrapper.accumulative_counts=2', 'train_cfg.val_interval=9')
    assert 'A step has 4 images: 1 process(es) x 2 images x 2 batch(es).' in screen
    assert 'The learning rate 0.01 is for 16; it is now 0.0025.' in screen
    assert saved['optimizer']['param_groups'][0]['lr'] == 0.0025


def test_checkpointing_changes_no_gradient(derived, tiny_config):
    gradients = []
    for path in (tiny_config, derived('checkpointing')):
        cfg = Config.fromfile(path)
        cfg.model.backbone.norm_eval = True
        torch.manual_seed(0)
        with DefaultScope.overwrite_default_scope('fcos_mm'):
            model = MODELS.build(cfg.model).train()
        images = torch.randn(2, 3, 48, 64, generator=torch.Generator().manual_seed(0))
        sum(level.square().sum() for level in model.extract_feat(images)).backward()
        gradients.append({name: parameter.grad for name, parameter in
                          model.backbone.named_parameters()})
    assert cfg.model.backbone.with_cp
    for name, gradient in gradients[0].items():
        assert (gradients[1][name] - gradient).norm() <= 1e-5 * gradient.norm(), name


def test_checkpointing_trains(derived, tmp_path):
    _, screen = run(derived('checkpointing'),
                    tmp_path / 'run', '--cfg-options', 'train_cfg.val_interval=9')
    assert 'Epoch(train) [1][2/2]' in screen


def test_sync_bn_needs_gpus(derived, monkeypatch):
    cfg = Config.fromfile(derived('sync_bn'))
    for name, value in dict(RANK=0, WORLD_SIZE=2, MASTER_ADDR='127.0.0.1', MASTER_PORT=1).items():
        monkeypatch.setenv(name, str(value))
    if torch.cuda.is_available():
        pytest.skip('there is a GPU')
    with pytest.raises(UserError, match="sync_bn='torch' needs GPUs"):
        prepare_launch(cfg, 'pytorch')


def test_sync_bn_in_one_process_is_batch_norm(derived, tmp_path):
    """The conversion that mmengine makes for several processes keeps values and weights."""
    cfg = Config.fromfile(derived('sync_bn'))
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        model = MODELS.build(cfg.model).train()
    images = torch.randn(2, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    expected = model.extract_feat(images)
    names = list(model.state_dict())
    model = convert_sync_batchnorm(model, cfg.sync_bn)
    assert any(isinstance(module, torch.nn.SyncBatchNorm) for module in model.modules())
    assert list(model.state_dict()) == names
    for level, value in zip(model.extract_feat(images), expected):
        torch.testing.assert_close(level, value)
    _, screen = run(derived('sync_bn'), tmp_path / 'run', '--cfg-options',
                    'train_cfg.val_interval=9')
    assert 'Epoch(train) [1][2/2]' in screen
