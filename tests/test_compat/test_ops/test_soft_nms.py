"""Soft suppression against a loop over boxes, and worked out by hand."""
import math

import numpy as np
import pytest
import torch
from mmcv.ops import soft_nms

# the second shares 10 x 6 of 140 with the first, the third nothing: IoU 3 / 7
BOXES = torch.tensor([[0., 0., 10., 10.], [0., 4., 10., 14.], [50., 0., 60., 10.]])
SCORES = torch.tensor([0.9, 0.8, 0.7])


def slow_iou(a, b, offset):
    """IoU of two boxes of float32 numbers, in float32."""
    one = np.float32(offset)
    width = max(np.float32(0), min(a[2], b[2]) - max(a[0], b[0]) + one)
    height = max(np.float32(0), min(a[3], b[3]) - max(a[1], b[1]) + one)
    shared = width * height
    area_a = (a[2] - a[0] + one) * (a[3] - a[1] + one)
    area_b = (b[2] - b[0] + one) * (b[3] - b[1] + one)
    with np.errstate(all='ignore'):
        return shared / (area_a + area_b - shared)


def slow_soft_nms(boxes, scores, iou_threshold, sigma, min_score, method, offset):
    """(index, new score) of what remains, best first."""
    boxes, left = boxes.numpy(), dict(enumerate(scores.tolist()))
    result = []
    while left:
        best = max(left, key=lambda i: (left[i], -i))
        result.append((best, left.pop(best)))
        for i in list(left):
            iou = float(slow_iou(boxes[best], boxes[i], offset))
            if method == 'gaussian':
                left[i] *= math.exp(-iou * iou / sigma)
            elif iou >= iou_threshold:
                left[i] *= 0 if method == 'naive' else 1 - iou
            if left[i] < min_score:
                del left[i]
    return result


@pytest.mark.parametrize('method, factor', [
    ('naive', None), ('linear', 4 / 7), ('gaussian', math.exp(-(3 / 7)**2 / 0.5))])
def test_by_hand(method, factor):
    dets, kept = soft_nms(BOXES, SCORES, 0.3, sigma=0.5, min_score=0.001, method=method)
    if method == 'naive':
        assert kept.tolist() == [0, 2]
    else:
        assert kept.tolist() == [0, 2, 1]
        assert dets[2, 4].item() == pytest.approx(0.8 * factor, rel=1e-6)
    assert torch.equal(dets[:, :4], BOXES[kept])


def test_low_iou_leaves_the_score_with_a_threshold():
    dets, kept = soft_nms(BOXES, SCORES, 0.43, method='linear')
    assert kept.tolist() == [0, 1, 2]
    assert torch.equal(dets[:, 4], SCORES)


def test_equal_scores_keep_the_first():
    dets, kept = soft_nms(BOXES[:2], torch.tensor([0.8, 0.8]), 0.3, method='linear')
    assert kept.tolist() == [0, 1]
    assert dets[:, 4].tolist() == pytest.approx([0.8, 0.8 * 4 / 7])


def test_the_best_box_stays_below_the_lowest_score():
    kept = soft_nms(BOXES, SCORES, min_score=2.0)[1]
    assert kept.tolist() == [0]


@pytest.mark.parametrize('method', ['naive', 'linear', 'gaussian'])
@pytest.mark.parametrize('offset', [0, 1])
def test_equals_the_slow_version(random, method, offset):
    for case in range(20):
        count = 1 + 4 * case
        corner = torch.rand(count, 2, generator=random) * 80
        boxes = torch.cat([corner, corner + 10 + torch.rand(count, 2, generator=random) * 50], 1)
        scores = torch.rand(count, generator=random)
        dets, kept = soft_nms(boxes, scores, 0.3, 0.5, 0.05, method, offset)
        expected = slow_soft_nms(boxes, scores, 0.3, 0.5, 0.05, method, offset)
        assert kept.tolist() == [i for i, _ in expected]
        torch.testing.assert_close(dets[:, 4], torch.tensor([score for _, score in expected]))
        assert torch.equal(dets[:, :4], boxes[kept])


def test_no_boxes():
    dets, kept = soft_nms(torch.zeros(0, 4), torch.zeros(0))
    assert dets.shape == (0, 5) and kept.shape == (0, )
