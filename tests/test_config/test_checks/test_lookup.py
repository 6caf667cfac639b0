"""Components found by the names that a config may give them."""
import pytest
from mmdet.models import FPN

from fcos_mm.config.checks.lookup import find, is_a
from fcos_mm.registry import HOOKS, MODELS


@pytest.mark.parametrize('name, scope, registry, module', [
    ('FCOSHead', 'fcos_mm', MODELS, 'fcos_mm.models.head'),
    ('FCOSHead', 'mmdet', MODELS, 'mmdet.models.dense_heads.fcos_head'),
    ('mmdet.FCOSHead', 'fcos_mm', MODELS, 'mmdet.models.dense_heads.fcos_head'),
    ('ResNet', 'fcos_mm', None, 'mmdet.models.backbones.resnet'),  # searched upwards
    ('mmengine.hooks.EMAHook', 'fcos_mm', HOOKS, 'mmengine.hooks.ema_hook'),  # by its path
])
def test_lookup(name, scope, registry, module):
    assert [component.__module__ for component in find(name, scope, registry)] == [module]


def test_lookup_of_what_is_not_there():
    assert find('nms', 'fcos_mm') == [] and find('array', 'fcos_mm') == []  # imports no module
    assert find(FPN, 'fcos_mm', MODELS) == [FPN]  # a config may hold the class itself
    assert not is_a('FCOSHead', 'fcos_mm', MODELS, FPN)
