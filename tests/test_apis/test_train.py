"""The options of ``tools/train.py`` and the errors it knows."""
import pytest

from fcos_mm.apis import train
from fcos_mm.apis.runner import pretrained_settings
from fcos_mm.errors import UserError


def config(tiny_config, *options):
    return train.make_config(train.parse_args([str(tiny_config), *options]))


def variant(tiny_config, folder, text):
    """A config that changes the tiny one."""
    path = folder / 'variant.py'
    path.write_text(f"_base_ = '{tiny_config}'\n{text}\n")
    return path


def test_run_leaves_a_checkpoint_and_a_config(trained):
    assert trained.checkpoint.is_file()
    assert (trained.work_dir / trained.config.name).is_file()


def test_defaults(tiny_config):
    cfg = config(tiny_config)
    assert (cfg.work_dir, cfg.resume, cfg.load_from) == ('work_dirs/tiny', False, None)
    assert cfg.launcher == 'none'
    assert not cfg.auto_scale_lr.enable


def test_resume_from_the_latest(tiny_config):
    cfg = config(tiny_config, '--resume')
    assert (cfg.resume, cfg.load_from) == (True, None)


def test_resume_from_a_checkpoint(trained):
    cfg = config(trained.config, '--resume', str(trained.checkpoint))
    assert (cfg.resume, cfg.load_from) == (True, str(trained.checkpoint))


def test_resume_from_a_missing_checkpoint(tiny_config):
    with pytest.raises(UserError, match='There is no checkpoint none.pth'):
        config(tiny_config, '--resume', 'none.pth')


def test_resumed_run_goes_on(trained, run, tmp_path):
    _, screen = run(train.main, [
        trained.config, '--work-dir', tmp_path, '--resume', trained.checkpoint, '--cfg-options',
        'train_cfg.max_epochs=2', 'train_cfg.val_interval=9'])
    assert 'resumed epoch: 1, iter: 2' in screen
    assert 'Epoch(train) [2][2/2]' in screen
    assert 'Epoch(train) [1]' not in screen


def test_resume_refuses_another_model(trained, tmp_path):
    with pytest.raises(UserError, match='does not fit the model'):
        train.main([str(trained.config), '--work-dir', str(tmp_path), '--resume',
                    str(trained.checkpoint), '--cfg-options', 'model.bbox_head.stacked_convs=2'])


def test_amp_without_gpu(tiny_config, monkeypatch):
    monkeypatch.setattr(train, 'get_device', lambda: 'cpu')
    with pytest.raises(UserError, match='--amp needs a GPU'):
        config(tiny_config, '--amp')


def test_amp_with_gpu(tiny_config, monkeypatch):
    monkeypatch.setattr(train, 'get_device', lambda: 'cuda')
    cfg = config(tiny_config, '--amp')
    assert (cfg.optim_wrapper.type, cfg.optim_wrapper.loss_scale) == ('AmpOptimWrapper', 'dynamic')


def test_auto_scale_lr(tiny_config):
    assert config(tiny_config, '--auto-scale-lr').auto_scale_lr.enable


def test_auto_scale_lr_needs_a_batch_size(tiny_config, tmp_path):
    path = variant(tiny_config, tmp_path, 'auto_scale_lr = dict(_delete_=True)')
    with pytest.raises(UserError, match='auto_scale_lr=dict'):
        config(path, '--auto-scale-lr')


@pytest.mark.parametrize('checkpoint', ['no/such/file.pth', 'http://127.0.0.1:9/backbone.pth'])
def test_pretrained_weights_that_cannot_be_loaded(checkpoint, tiny_config, tmp_path):
    path = variant(tiny_config, tmp_path, 'model = dict(backbone=dict(init_cfg=dict('
                   f'_delete_=True, type="Pretrained", checkpoint="{checkpoint}")))')
    with pytest.raises(UserError) as error:
        train.main([str(path), '--work-dir', str(tmp_path)])
    text = str(error.value)
    assert f"model.backbone.init_cfg (checkpoint '{checkpoint}')" in text
    assert '--cfg-options model.backbone.init_cfg=None' in text


def test_pretrained_settings_are_found_in_lists():
    model = dict(
        backbone=dict(init_cfg=[dict(type='Kaiming'), dict(type='Pretrained', checkpoint='a')]),
        neck=dict(init_cfg=dict(type='mmengine.Pretrained', checkpoint='b')))
    assert list(pretrained_settings(model)) == [
        ('model.backbone.init_cfg.1', 'a'), ('model.neck.init_cfg', 'b')]


def test_an_epoch_without_a_whole_batch_is_refused(tiny_config, tmp_path):
    with pytest.raises(UserError, match='no whole batch.*has 4 images.*64.*drop_last=False'):
        train.main([str(tiny_config), '--work-dir', str(tmp_path), '--cfg-options',
                    'train_dataloader.batch_size=64', 'train_dataloader.drop_last=True',
                    'train_dataloader.batch_sampler=None'])
