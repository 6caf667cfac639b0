"""``init_cfg`` without a type."""
import pytest
from mmengine.config import Config

from fcos_mm.config.checks.initialisation import init_faults

NORMAL, PART = dict(type='Normal', layer='Conv2d'), dict(override=[dict(name='conv_reg', bias=1)])


def faults(head, mode='train'):
    cfg = Config(dict(model=dict(type='FCOS', bbox_head=dict(init_cfg=head))))
    return [fault.partition('.\n')[0] for fault in init_faults(cfg, mode)]


@pytest.mark.parametrize('head, mode', [
    (None, 'train'), ([], 'train'), (NORMAL, 'train'), ([NORMAL], 'train'),
    (dict(checkpoint='pvt.pth'), 'train'), (PART, 'test')])
def test_nothing_is_wrong(head, mode):
    assert faults(head, mode) == []


@pytest.mark.parametrize('head, key', [(PART, ''), ([NORMAL, PART], '.1')])
def test_a_part_of_an_initialisation(head, key):
    assert faults(head) == [f'model.bbox_head.init_cfg{key} has no type']
