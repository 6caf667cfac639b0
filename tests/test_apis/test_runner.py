"""The runner: its own errors, and the weights a training starts from."""
import contextlib
import io
import math

import pytest
import torch
from mmengine.hooks import EMAHook, Hook

from fcos_mm.apis.runner import ToolRunner, pretrained_settings
from fcos_mm.cli import main, train
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
    with pytest.raises(UserError, match='no full batch.*has 4 images.*64.*drop_last=False'):
        run(train, tiny_config, '--work-dir', tmp_path, '--cfg-options',
            'train_dataloader.batch_size=64', 'train_dataloader.drop_last=True',
            'train_dataloader.batch_sampler=None')


@pytest.fixture
def start(monkeypatch, no_other_runs, tmp_path):
    """``start(config, *words)``: the runner when training would begin, and what it printed."""
    class Started(Exception):
        pass

    def stop(loop):
        raise Started(loop.runner)

    def begin(config, *words):
        monkeypatch.setattr('fcos_mm.engine.resume.train_loops.EpochBasedTrainLoop.run_epoch', stop)
        with contextlib.redirect_stdout(io.StringIO()) as screen, pytest.raises(Started) as error:
            main(train, [str(word) for word in (config, '--work-dir', tmp_path / 'run', *words)])
        return error.value.args[0], screen.getvalue()

    return begin


def test_training_from_other_classes_keeps_the_rows_of_the_same_name(trained, variant, start):
    """The weights that are averaged start from the same."""
    config = variant('classes = ("jar", )\ncustom_hooks = [dict(type="EMAHook")]')
    runner, screen = start(config, '--load-from', trained.checkpoint)
    saved = torch.load(trained.checkpoint, weights_only=False)['state_dict']
    averaged = next(hook for hook in runner.hooks if isinstance(hook, EMAHook)).ema_model.module
    for model in (runner.model, averaged):
        weights = model.state_dict()
        for name, value in saved.items():
            row = slice(1, 2) if 'conv_cls' in name else ...
            assert weights[name].equal(value[row])
    assert ', rows of classes jar\n' in screen and 'not taken' not in screen


def test_rows_of_new_classes_start_as_in_a_new_model(trained, start, tmp_path):
    saved = torch.load(trained.checkpoint, weights_only=False)['state_dict']
    torch.save(dict(state_dict=saved, meta=dict(dataset_meta=dict(classes=('jar', 'lid')))),
               tmp_path / 'other.pth')
    runner, screen = start(trained.config, '--load-from', tmp_path / 'other.pth')
    predictor = runner.model.bbox_head.conv_cls
    assert predictor.weight[1].equal(saved['bbox_head.conv_cls.weight'][0])  # jar
    assert predictor.bias[0].item() == pytest.approx(-math.log(0.99 / 0.01))  # of a new cup
    assert 'not taken: conv_cls (rows of classes cup)\n' in screen


def test_plain_weights_start_an_averaged_training(trained, variant, start, tmp_path):
    saved = torch.load(trained.checkpoint, weights_only=False)['state_dict']
    torch.save(saved, tmp_path / 'plain.pth')
    runner, _ = start(variant('custom_hooks = [dict(type="EMAHook")]'), '--load-from',
                      tmp_path / 'plain.pth')
    assert all(value.equal(saved[name]) for name, value in runner.model.state_dict().items())


@pytest.mark.parametrize('classes, message', [
    (('jar', ), 'trained for 2 classes and the config says 1: to start from its weights'),
    (('jar', 'cup'), 'trained for other classes: cup, jar; the data now have jar, cup')])
def test_a_run_does_not_resume_with_other_classes(trained, variant, run, tmp_path, classes,
                                                  message):
    with pytest.raises(UserError, match=f'{message}(?s:.)*--load-from'):
        run(train, variant(f'classes = {classes}'), '--work-dir', tmp_path / 'run', '--resume',
            trained.checkpoint)
def test_default_hooks_are_left_out_by_none():
    """mmengine itself has an AssertionError for hooks beside its own six."""
    runner = ToolRunner.__new__(ToolRunner)
    runner._hooks = []
    runner.register_default_hooks(dict(timer=None, progress=None, logger=dict(type='LoggerHook')))
    types = sorted(type(hook).__name__ for hook in runner.hooks if type(hook) is not Hook)
    assert types == ['CheckpointHook', 'DistSamplerSeedHook', 'LoggerHook', 'ParamSchedulerHook',
                     'RuntimeInfoHook']
