"""The center-ness network: its targets, its loss, and what it does at test."""
import math

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from fcos_mm.errors import UserError
from fcos_mm.models import FCOSHead
from fcos_mm.ranking import CenternessHead, CenternessMetric

NARROW = dict(in_channels=8, feat_channels=8, norm_cfg=None)
LEVEL = dict(NARROW, strides=(8, ), stacked_convs=0,
             assigner=dict(type='fcos_mm.FCOSAssigner', regress_ranges=((0, None), )))


def boxes(*corners):
    return InstanceData(bboxes=torch.tensor(corners, dtype=torch.float32).reshape(-1, 4),
                        labels=torch.zeros(len(corners), dtype=torch.long))


@pytest.fixture
def map_3x3():
    """Locations 4, 12 and 20 in x and y; logits 0, 1, ..., 8."""
    return [torch.arange(9.).reshape(1, 1, 3, 3)]


def cross_entropy(logit, target):
    p = 1 / (1 + math.exp(-logit))
    return -target * math.log(p) - (1 - target) * math.log(1 - p)


def test_loss_of_one_box_by_hand(map_3x3):
    """The box contains two locations, (4, 12) and (12, 12): logits 3 and 4."""
    loss = CenternessHead(**LEVEL).loss_by_feat(map_3x3, [boxes([2, 8, 18, 16])], [{}])
    near = math.sqrt(2 / 14)  # l = 2, r = 14, t = b = 4
    far = math.sqrt(6 / 10)  # l = 10, r = 6
    expected = (cross_entropy(3, near) + cross_entropy(4, far)) / 2
    assert loss['loss_centerness'].item() == pytest.approx(expected, rel=1e-5)
    floor = sum(-t * math.log(t) - (1 - t) * math.log(1 - t) for t in (near, far)) / 2
    assert loss['centerness_above_floor'].item() == pytest.approx(expected - floor, rel=1e-4)


def test_no_box_no_loss(map_3x3):
    assert CenternessHead(**LEVEL).loss_by_feat(map_3x3, [boxes()], [{}])['loss_centerness'] == 0


def test_loss_is_that_of_the_branch():
    head = FCOSHead(num_classes=2, **NARROW)
    maps = head([torch.randn(2, 8, 128 // s, 128 // s) for s in head.strides])
    truth = [boxes([4, 8, 40, 60], [16, 16, 100, 120]), boxes()], [{}, {}]
    branch, network = head.loss_by_feat(*maps, *truth), CenternessHead(**NARROW).loss_by_feat(
        maps[2], *truth)
    assert network.keys() == branch.keys() - {'loss_cls', 'loss_bbox'}
    assert all(network[name] == branch[name] for name in network)


def test_layers_are_shared_by_levels():
    head = CenternessHead(**NARROW, stacked_convs=3)
    maps, = head([torch.ones(1, 8, 4, 4)] * 5)
    assert [m.shape for m in maps] == [(1, 1, 4, 4)] * 5
    assert len(head.centerness_convs) == 3 and all(m.equal(maps[0]) for m in maps)
    with pytest.raises(UserError, match='gets 2 feature maps'):
        head([torch.ones(1, 8, 4, 4)] * 2)


def test_error_at_the_positives_by_hand():
    """The ground truth at test is in the size of the original image, here half of the input."""
    head = CenternessHead(**LEVEL)
    head.conv_centerness.weight.data.zero_()
    head.conv_centerness.bias.data.zero_()  # predicts 0.5
    sample = DetDataSample(metainfo=dict(scale_factor=(2., 2.)))
    sample.gt_instances = boxes([1, 4, 9, 8])
    found, = head.predict([torch.zeros(1, 8, 3, 3)], [sample])
    torch.testing.assert_close(found.target, torch.tensor([2 / 14, 6 / 10]).sqrt())
    metric = CenternessMetric()
    metric.process({}, [dict(pred_instances=found)])
    metric.process({}, [dict(pred_instances=found[:0])])
    expected = (abs(math.sqrt(2 / 14) - 0.5) + abs(math.sqrt(6 / 10) - 0.5)) / 2
    assert metric.evaluate(size=2) == {
        'centerness/mean_absolute_error': pytest.approx(expected), 'centerness/locations': 2}


def test_it_detects_nothing():
    with pytest.raises(UserError, match='needs ground truth at test'):
        CenternessHead(**LEVEL).predict([torch.zeros(1, 8, 3, 3)], [DetDataSample()])
