"""Running parts of a network without numbers leaves everything else as it is."""
import random

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModule
from mmengine.registry import MODELS as ROOT_MODELS

from fcos_mm.config.checks.model import dry_run
from fcos_mm.config.checks.model.model_shapes import check_model_shapes
from fcos_mm.config.checks.model.norm_groups import check_norm_groups
from fcos_mm.errors import UserError
from fcos_mm.registry import MODELS

SWIN = 'configs/fcos/fcos_swin-t_fpn_gn-head_1x_coco.py'
RESNET = dict(type='ResNet', depth=18, norm_cfg=dict(type='BN'),
              init_cfg=dict(type='Pretrained', checkpoint='/there/is/none.pth'))


@MODELS.register_module()
class NeverRun(BaseModule):
    """A user's part: neither built nor run by the check."""

    def __init__(self, **settings) -> None:
        raise AssertionError('a part of the user was built')


def states():
    return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()


def test_the_random_state_is_left_as_it_is(pytestconfig, capfd):
    cfg = Config.fromfile(pytestconfig.rootpath / SWIN)  # draws numbers on the CPU
    before = states()
    check_model_shapes(cfg, 'train')
    assert states() == before
    assert capfd.readouterr() == ('', '')
    assert torch.is_grad_enabled()


def test_the_random_state_is_put_back():
    before = states()
    with dry_run.undisturbed('fcos_mm'):
        random.random(), np.random.rand(), torch.rand(1)
        print('nobody sees this')
    assert states() == before


def test_the_config_is_left_as_it_is(pytestconfig):
    cfg = Config.fromfile(pytestconfig.rootpath / SWIN)
    before = cfg.to_dict()
    check_model_shapes(cfg, 'train')
    assert cfg.to_dict() == before


@pytest.mark.parametrize('model', [
    dict(type='FCOS', backbone=dict(type='NeverRun'), bbox_head=dict(type='NeverRun')),
    dict(type='FCOS', backbone=RESNET, neck=dict(type='NeverRun'),
         bbox_head=dict(type='NeverRun')),
    dict(type='NeverRun', backbone=RESNET, neck=dict(type='FPN', in_channels=[1])),
    dict(type='FCOS', backbone=dict(type='NoSuchBackbone'), neck=dict(type='FPN')),
    dict(type='FCOS', backbone=RESNET, neck=dict(type='FPN', misspelt=1)),
    dict(type='NeverRun', detector=dict(type='NeverRun', backbone=[])),
    dict(type='FCOS', backbone=RESNET, neck=[None, 'a string']),
    dict(type='FCOS', backbone=dict(type='NeverRun'), neck=[None]),
    dict(type='FCOS', backbone=dict(RESNET, type=None), neck=dict(in_channels='many')),
    dict(type='FCOS', backbone=RESNET, neck=[], bbox_head=None, roi_head='none'),
    dict(), 'a string', None])
def test_others_parts_are_left_alone(model):
    check_model_shapes(Config(dict(model=model)), 'train')


def test_detectors_inside_a_wrapper():
    model = dict(type='FCOS', backbone=RESNET, neck=dict(
        type='FPN', in_channels=[64, 128, 256], out_channels=8, num_outs=3))
    with pytest.raises(UserError, match=r'^model.detector.neck.in_channels'):
        check_model_shapes(Config(dict(model=dict(type='Any', detector=model))), 'train')


def test_plain_types_are_those_of_the_scope():
    with dry_run.undisturbed('mmdet'):
        assert dry_run.component(dict(type='FCOSHead')).__module__.startswith('mmdet.')
    with dry_run.undisturbed('fcos_mm'):
        assert dry_run.component(dict(type='FCOSHead')).__module__.startswith('fcos_mm.')
        assert dry_run.component(dict(type=ROOT_MODELS.get('mmdet.ResNet'))) is not None


def test_what_has_no_shapes_runs_on_the_cpu(monkeypatch):
    seen = []
    attempt = dry_run._try

    def no_meta(cfg, device, image, levels=None):
        seen.append(device)
        if device == 'meta':
            return dry_run.Outcome(error=NotImplementedError())
        return attempt(cfg, device, image, levels)

    monkeypatch.setattr(dry_run, '_try', no_meta)
    with dry_run.undisturbed('fcos_mm'):
        levels = dry_run.backbone_levels(RESNET).levels
    assert seen == ['meta', 'cpu']
    assert [(level.channels, level.stride) for level in levels] == [
        (64, 4), (128, 8), (256, 16), (512, 32)]


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


def test_other_errors_are_not_about_groups():
    check_norm_groups('model.neck', None)
    try:
        raise ValueError('num_groups')
    except ValueError as error:
        check_norm_groups('model.neck', error)
