"""The runner's own errors: pretrained weights, an epoch without a batch."""
import pytest
from mmengine.hooks import Hook

from fcos_mm.apis.runner import ToolRunner, pretrained_settings
from fcos_mm.cli import train
from fcos_mm.errors import UserError


@pytest.mark.parametrize('checkpoint', ['no/such/file.pth', 'http://127.0.0.1:9/backbone.pth'])
def test_pretrained_weights_that_cannot_be_loaded(checkpoint, variant, run, tmp_path):
    path = variant('model = dict(backbone=dict(init_cfg=dict('
                   f'_delete_=True, type="Pretrained", checkpoint="{checkpoint}")))')
    with pytest.raises(UserError) as error:
        run(train, path, '--work-dir', tmp_path)
    text = str(error.value)
    assert f"model.backbone.init_cfg (checkpoint '{checkpoint}')" in text
    assert '--cfg-options model.backbone.init_cfg=None' in text
    assert ("checkpoint='pip://efficientnet-lite0'" in text) == ('://' in checkpoint)


def test_pretrained_settings_are_found_in_lists():
    model = dict(
        backbone=dict(init_cfg=[dict(type='Kaiming'), dict(type='Pretrained', checkpoint='a')]),
        neck=dict(init_cfg=dict(type='mmengine.Pretrained', checkpoint='b')))
    assert list(pretrained_settings(model)) == [
        ('model.backbone.init_cfg.1', 'a'), ('model.neck.init_cfg', 'b')]


def test_an_epoch_without_a_whole_batch_is_refused(tiny_config, run, tmp_path):
    with pytest.raises(UserError, match='no whole batch.*has 4 images.*64.*drop_last=False'):
        run(train, tiny_config, '--work-dir', tmp_path, '--cfg-options',
            'train_dataloader.batch_size=64', 'train_dataloader.drop_last=True',
            'train_dataloader.batch_sampler=None')


def test_default_hooks_are_left_out_by_none():
    """mmengine itself has an AssertionError for hooks beside its own six."""
    runner = ToolRunner.__new__(ToolRunner)
    runner._hooks = []
    runner.register_default_hooks(dict(timer=None, progress=None, logger=dict(type='LoggerHook')))
    types = sorted(type(hook).__name__ for hook in runner.hooks if type(hook) is not Hook)
    assert types == ['CheckpointHook', 'DistSamplerSeedHook', 'LoggerHook', 'ParamSchedulerHook',
                     'RuntimeInfoHook']
