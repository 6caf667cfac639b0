"""The IoU of the predicted box as the quality of a location."""
import math

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from fcos_mm.models import FCOSHead, IoUQuality, Predictions, Targets
from fcos_mm.registry import MODELS


def head(**options):
    torch.manual_seed(0)
    return FCOSHead(
        num_classes=3, in_channels=8, feat_channels=8, stacked_convs=1, strides=(8, 16),
        norm_cfg=dict(type='GN', num_groups=2), regression='relu',
        centerness=dict(type='fcos_mm.IoUQuality', **options),
        assigner=dict(type='fcos_mm.FCOSAssigner', regress_ranges=((0, 32), (32, None))),
        test_cfg=ConfigDict(nms_pre=100, score_thr=0.05, max_per_img=10,
                            nms=dict(type='nms', iou_threshold=0.5)))


def test_target_by_hand():
    # From the same point 10 x 10 and 20 x 5: intersection 10 * 5, union 100 + 100 - 50.
    predicted = torch.tensor([[[5., 5, 5, 5], [2, 2, 2, 2], [7, 7, 7, 7]]], requires_grad=True)
    target = torch.tensor([[[10., 2.5, 10, 2.5], [2, 2, 2, 2], [0, 0, 0, 0]]])
    found = IoUQuality().target(
        Predictions([], predicted, None), Targets(None, None, target, None, None))
    assert found[0].tolist() == [pytest.approx(1 / 3), 1, 0] and not found.requires_grad
    smoothed = IoUQuality(smoothed=True).target(
        Predictions([], predicted, None), Targets(None, None, target, None, None))
    assert smoothed[0].tolist() == [pytest.approx(51 / 151), 1, pytest.approx(1 / 197)]


def test_factor():
    logits = torch.tensor([[0., math.log(3)]])
    assert IoUQuality().factor(Predictions([], None, logits))[0].tolist() == [
        0.5, pytest.approx(0.75)]


def test_layers_bear_its_name_and_stand_on_the_regression_tower():
    names = [name for name, _ in head(num_convs=1).named_parameters()
             if not name.startswith(('cls_', 'reg_', 'conv_cls', 'conv_reg', 'scales'))]
    assert names == ['iou_convs.0.conv.weight', 'iou_convs.0.gn.weight', 'iou_convs.0.gn.bias',
                     'conv_iou.weight', 'conv_iou.bias']
    model = head()
    feats = [torch.randn(1, 8, 8, 12), torch.randn(1, 8, 4, 6)]
    before = model(feats)[2]
    model.cls_convs[0].conv.weight.data.add_(1.)
    assert all(torch.equal(a, b) for a, b in zip(before, model(feats)[2]))


def test_it_learns_how_well_boxes_fit():
    """On one image: its loss falls to the floor of cross entropy, and scores are its product."""
    model = head()
    feats = [torch.randn(1, 8, 8, 12), torch.randn(1, 8, 4, 6)]
    sample = DetDataSample(metainfo=dict(img_shape=(64, 96), scale_factor=(1., 1.)))
    sample.gt_instances = InstanceData(
        bboxes=torch.tensor([[10., 10, 40, 50], [30, 5, 90, 60]]), labels=torch.tensor([0, 2]))
    sample.ignored_instances = InstanceData(bboxes=torch.zeros(0, 4))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    above = []
    for _ in range(60):
        losses = model.loss(feats, [sample])
        assert set(losses) == {'loss_cls', 'loss_bbox', 'loss_iou', 'iou_above_floor'}
        above.append(losses['iou_above_floor'].item())
        optimizer.zero_grad()
        sum(loss for name, loss in losses.items() if 'loss' in name).backward()
        optimizer.step()
    assert 0 <= above[-1] < above[0] / 3
    result, = model.predict(feats, [sample])
    with torch.no_grad():
        scores, _, quality = model(feats)
    best = max(float((s.sigmoid() * q.sigmoid()).max()) for s, q in zip(scores, quality))
    assert result.scores.max().item() == pytest.approx(best)


def test_wrong_position():
    with pytest.raises(ValueError, match="got 'neck'"):
        MODELS.build(dict(
            type='fcos_mm.FCOSHead', num_classes=3, in_channels=8,
            centerness=dict(type='fcos_mm.IoUQuality', position='neck')))
