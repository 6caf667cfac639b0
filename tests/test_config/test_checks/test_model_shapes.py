"""Parts of a network that are not this package's to judge, and detectors inside wrappers."""
import pytest
from mmengine.config import Config
from mmengine.model import BaseModule

from fcos_mm.config.checks.model_shapes import shape_faults
from fcos_mm.registry import MODELS

RESNET = dict(type='ResNet', depth=18, norm_cfg=dict(type='BN'),
              init_cfg=dict(type='Pretrained', checkpoint='/there/is/none.pth'))


@MODELS.register_module()
class NeverRun(BaseModule):
    """A user's part: neither built nor run by the check."""

    def __init__(self, **settings) -> None:
        raise AssertionError('a part of the user was built')


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
    assert shape_faults(Config(dict(model=model)), 'train') == []


def test_detectors_inside_a_wrapper():
    model = dict(type='FCOS', backbone=RESNET, neck=dict(
        type='FPN', in_channels=[64, 128, 256], out_channels=8, num_outs=3))
    fault, = shape_faults(Config(dict(model=dict(type='Any', detector=model))), 'train')
    assert fault.startswith('model.detector.neck.in_channels')
