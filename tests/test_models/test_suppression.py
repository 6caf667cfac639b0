"""The short way to NMS gives what mmcv's ``batched_nms`` gives."""
import pytest
import torch
from mmcv.ops import batched_nms

from fcos_mm.models import suppression
from fcos_mm.models.suppression import suppress


def crowd(count, seed):
    """Boxes of which many overlap, some are equal, some reach below zero."""
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * 60 - 5
    side = torch.rand(count, 2, generator=generator) * 30
    boxes = torch.cat([corner, corner + side], dim=1)
    boxes[count // 2:count // 2 + 3] = boxes[:3]
    scores = torch.rand(count, generator=generator).mul(20).round() / 20  # many are equal
    return boxes, scores, torch.randint(3, (count, ), generator=generator)


@pytest.mark.parametrize('cfg', [
    dict(type='nms', iou_threshold=0.6), dict(type='nms', iou_threshold=0.),
    dict(type='nms', iou_threshold=0.6, class_agnostic=True),
    dict(type='nms', iou_threshold=0.6, split_thr=5),
    dict(type='nms', iou_threshold=0.6, max_num=3),
    dict(type='nms', iou_threshold=0.6, score_threshold=0.3),
    dict(type='soft_nms', iou_threshold=0.5, min_score=0.05)])
@pytest.mark.parametrize('count', [1, 7, 60])
def test_boxes_and_scores_are_mmcvs(cfg, count):
    boxes, scores, labels = crowd(max(count, 6), seed=count)
    boxes, scores, labels = boxes[:count], scores[:count], labels[:count]
    expected, indices = batched_nms(boxes, scores, labels, cfg)
    best, keep = suppress(boxes, scores, labels, cfg)
    assert torch.equal(keep, indices) and torch.equal(best, expected[:, -1])


def test_the_usual_setting_takes_the_short_way(monkeypatch):
    monkeypatch.setattr(suppression, 'batched_nms', None)
    _, keep = suppress(*crowd(20, seed=0), dict(type='nms', iou_threshold=0.6))
    assert 0 < len(keep) < 20


def test_very_many_boxes_are_taken_class_by_class(monkeypatch):
    monkeypatch.setattr(suppression, 'SPLIT_THRESHOLD', 20)
    monkeypatch.setattr(suppression, 'ext_module', None)
    monkeypatch.setattr(suppression, 'batched_nms', lambda *_: (torch.ones(1, 5), [0]))
    assert suppress(*crowd(20, seed=0), dict(type='nms', iou_threshold=0.6)) == (1, [0])
