"""Which arguments a class accepts, without an instance of it."""
import pytest
from mmdet.models import FPN, VFNetHead
from mmengine.hooks import CheckpointHook
from mmengine.optim import LinearLR
from torch import nn

from fcos_mm.config.checks.lookup import find
from fcos_mm.config.checks.signatures import accepted_arguments
from fcos_mm.datasets import CocoDataset
from fcos_mm.registry import MODELS


class Base(nn.Module):
    def __init__(self, width):
        super().__init__()


class HandsOn(Base):
    def __init__(self, depth, **kwargs):
        super().__init__(**kwargs)


class TakesOut(Base):
    def __init__(self, **kwargs):
        self.depth = kwargs.pop('depth')
        super().__init__(**kwargs)


class Keeps(Base):
    def __init__(self, depth, **kwargs):
        super().__init__(1)
        self.rest = kwargs


class Older(HandsOn):
    def __init__(self, **kwargs):
        super(HandsOn, self).__init__(**kwargs)


def function(image, scale=1):
    return image, scale


@pytest.mark.parametrize('component, expected', [
    (Base, {'width'}),
    (HandsOn, {'depth', 'width'}),  # **kwargs go to the class above
    (TakesOut, None),  # what it takes out is not in a signature
    (Keeps, None),
    (Older, None),  # skips a class
    (VFNetHead, None),  # the same in mmdet
    (function, {'image', 'scale'}),
    (lambda **kwargs: kwargs, None),
])
def test_arguments(component, expected):
    assert accepted_arguments(component) == expected


def test_arguments_of_library_classes():
    assert {'start_level', 'init_cfg'} <= accepted_arguments(FPN)
    assert {'ann_file', 'metainfo', 'lazy_init'} <= accepted_arguments(CocoDataset)  # mmengine's
    assert {'start_factor', 'begin', 'by_epoch'} <= accepted_arguments(LinearLR)  # by a mixin
    assert {'interval', 'save_param_scheduler'} <= accepted_arguments(CheckpointHook)
    assert 'num_class' not in accepted_arguments(find('FCOSHead', 'fcos_mm', MODELS)[0])
