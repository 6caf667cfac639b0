"""Running parts of a network without numbers leaves everything else as it is."""
import random

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS as ROOT_MODELS
from torch import nn

from fcos_mm.config.checks import dry_run
from fcos_mm.config.checks.model_shapes import shape_faults

SWIN = 'configs/fcos/fcos_swin-t_fpn_gn-head_1x_coco.py'


def states():
    return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()


def test_rng_state_config_and_screen_are_left_as_they_are(pytestconfig, capfd):
    cfg = Config.fromfile(pytestconfig.rootpath / SWIN)  # draws numbers on the CPU
    before = states(), cfg.to_dict()
    assert shape_faults(cfg, 'train') == []
    assert (states(), cfg.to_dict()) == before
    assert capfd.readouterr() == ('', '')
    assert torch.is_grad_enabled()


def test_the_rng_state_is_restored():
    before = states()
    with dry_run.undisturbed('fcos_mm'):
        random.random(), np.random.rand(), torch.rand(1)
        print('nobody sees this')
    assert states() == before


def test_plain_types_are_those_of_the_scope():
    with dry_run.undisturbed('mmdet'):
        assert dry_run.component(dict(type='FCOSHead')).__module__.startswith('mmdet.')
    with dry_run.undisturbed('fcos_mm'):
        assert dry_run.component(dict(type='FCOSHead')).__module__.startswith('fcos_mm.')
        assert dry_run.component(dict(type=ROOT_MODELS.get('mmdet.ResNet'))) is not None


def test_what_has_no_shapes_runs_on_the_cpu(monkeypatch):
    seen, build = [], dry_run.build

    def no_meta(cfg, device='meta'):
        seen.append(device)
        if device == 'meta':
            raise TypeError
        return build(cfg, device)

    monkeypatch.setattr(dry_run, 'build', no_meta)
    with dry_run.undisturbed('fcos_mm'):
        levels, _ = dry_run.run(dict(type='ResNet', depth=18))
    assert seen == ['meta', 'cpu'] and levels[0].image == (128, 256)
    assert [(level.channels, level.stride) for level in levels] == [
        (64, 4), (128, 8), (256, 16), (512, 32)]


@pytest.mark.parametrize('channels', [8, 4])
def test_batch_normalisation_is_left_out_but_counts_channels(channels, monkeypatch):
    def build(cfg, device='meta'):
        return nn.Sequential(nn.Conv2d(3, 8, 1), nn.BatchNorm2d(channels)).to(device).eval()

    monkeypatch.setattr(dry_run, 'build', build)
    monkeypatch.setattr(torch, 'batch_norm', None if channels == 8 else torch.batch_norm)
    levels, error = dry_run.run(dict(type=f'Norm{channels}'))
    assert (levels is None) == (error is not None) == (channels == 4)


@pytest.mark.parametrize('size, image, right, wrong', [
    ((64, 128), (512, 1024), 8, (7, 9, 16, 4)),
    ((62, 126), (512, 1024), 8, (7, 9)),  # without padding
    ((36, 73), (512, 1024), 14, (12, 16)),
    ((4, 8), (512, 1024), 128, (64, 100, 256)),
    ((7, 7), (512, 1024), 8, ())])  # a map that does not tell
def test_strides_of_a_map(size, image, right, wrong):
    level = dry_run.Level(1, size, image)
    assert level.has_stride(right)
    assert level.stride in (right, 0)
    assert not any(level.has_stride(stride) for stride in wrong)


def test_errors_that_settings_do_not_explain():
    try:
        raise ValueError('num_groups')
    except ValueError as error:
        dry_run.explain_refusal('model.neck', {}, error)
