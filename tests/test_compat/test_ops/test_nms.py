"""Suppression, hard and soft, against loops over boxes and on boxes worked out by hand."""
import math

import numpy as np
import pytest
import torch
from mmcv.ops import batched_nms, nms, soft_nms

from fcos_mm.compat.ops import overlaps, suppression


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


def slow_nms(boxes, scores, iou_threshold, offset, known=None):
    """Indices kept, best first; ``known`` collects IoUs for further thresholds."""
    boxes, scores, known = boxes.numpy(), scores.numpy(), {} if known is None else known

    def iou(pair):
        if pair not in known:
            known[pair] = slow_iou(boxes[pair[0]], boxes[pair[1]], offset)
        return known[pair]

    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        if not any(iou((k, i)) > np.float32(iou_threshold) for k in kept):
            kept.append(i)
    return kept


def random_boxes(count, span, random, whole=False):
    corner = torch.rand(count, 2, generator=random) * span
    boxes = torch.cat([corner, corner + torch.rand(count, 2, generator=random) * 60], dim=1)
    return boxes.round() if whole else boxes


def test_a_box_is_dropped_only_above_the_threshold():
    # both are 10 x 10 and share 10 x 5: IoU = 50 / 150
    boxes = torch.tensor([[0., 0., 10., 10.], [0., 5., 10., 15.]])
    scores = torch.tensor([0.8, 0.9])
    third = float(np.float32(1) / np.float32(3))
    assert nms(boxes, scores, 0.33)[1].tolist() == [1]
    assert nms(boxes, scores, third)[1].tolist() == [1, 0]


def test_a_box_at_the_far_end_of_another():
    # the second fills the last 51 of 100 columns of the first: IoU = 0.51
    boxes = torch.tensor([[0., 0., 100., 10.], [49., 0., 100., 10.]])
    scores = torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 0.5)[1].tolist() == [0]
    assert nms(boxes, scores, 0.52)[1].tolist() == [0, 1]


def test_offset_counts_the_last_pixel():
    # with offset 1: both are 10 x 10 = 100, they share 10 x 1; 10 / 190 = 0.0526
    boxes = torch.tensor([[0., 0., 9., 9.], [0., 9., 9., 18.]])
    scores = torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 0.05, offset=1)[1].tolist() == [0]
    assert nms(boxes, scores, 0.06, offset=1)[1].tolist() == [0, 1]
    assert nms(boxes, scores, 0.0, offset=0)[1].tolist() == [0, 1]


def test_a_suppressed_box_suppresses_nothing():
    # a chain: each box overlaps its neighbours only, IoU = 60 / 140 = 0.43
    lower = torch.arange(6.)[:, None] * 4
    boxes = torch.cat([lower, torch.zeros(6, 1), lower + 10, torch.full((6, 1), 10.)], dim=1)
    scores = torch.linspace(0.9, 0.4, 6)
    assert nms(boxes, scores, 0.4)[1].tolist() == [0, 2, 4]


def test_equal_scores_keep_the_first():
    boxes = torch.tensor([[0., 0., 10., 10.], [50., 0., 60., 10.], [0., 0., 10., 9.]])
    assert nms(boxes, torch.full((3, ), 0.5), 0.5)[1].tolist() == [0, 1]


def test_dets_are_boxes_with_scores():
    boxes = torch.tensor([[0., 0., 4., 4.], [8., 8., 9., 9.]])
    dets, kept = nms(boxes, torch.tensor([0.25, 0.75]), 0.5)
    assert dets.tolist() == [[8., 8., 9., 9., 0.75], [0., 0., 4., 4., 0.25]]
    assert kept.tolist() == [1, 0]


@pytest.mark.parametrize('offset', [0, 1])
def test_equals_the_slow_version(random, monkeypatch, offset):
    """Also in many small blocks and portions."""
    for case in range(24):
        count = int(torch.randint(1, 120, (1, ), generator=random))
        boxes = random_boxes(count, 20 + 15 * case, random, whole=case % 3 == 0)
        boxes[:count // 4] = boxes[:1]  # duplicates
        if case % 4 == 0:  # without area, or turned around
            boxes[:count // 5, 2] = boxes[:count // 5, 0]
            boxes[:count // 6, 3] = boxes[:count // 6, 1] - 3
        scores = torch.rand(count, generator=random)
        if case % 2:
            scores = (scores * 4).round()  # ties
        known = {}
        for threshold in (0.0, 0.3, 0.5, 0.7, 1.0):
            expected = slow_nms(boxes, scores, threshold, offset, known)
            for pairs_at_once, pairs_per_block in ((1 << 19, 1 << 14), (50, 40)):
                monkeypatch.setattr(overlaps, 'PAIRS_AT_ONCE', pairs_at_once)
                monkeypatch.setattr(suppression, 'PAIRS_PER_BLOCK', pairs_per_block)
                assert nms(boxes, scores, threshold, offset=offset)[1].tolist() == expected


def test_classes_are_independent(random):
    boxes = random_boxes(150, 100, random, whole=True)
    scores, labels = torch.rand(150, generator=random), torch.arange(150) % 5
    kept = batched_nms(boxes, scores, labels, dict(type='nms', iou_threshold=0.4))[1]
    expected = []
    for label in range(5):
        of_class = (labels == label).nonzero().squeeze(1)
        expected += of_class[slow_nms(boxes[of_class], scores[of_class], 0.4, 0)].tolist()
    assert kept.tolist() == sorted(expected, key=lambda i: -scores[i])


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_other_number_types(dtype):
    # whole numbers below 256 are exact in all of them
    boxes = torch.tensor([[0, 0, 100, 100], [0, 0, 100, 90], [200, 0, 230, 100]], dtype=dtype)
    dets, kept = nms(boxes, torch.tensor([0.5, 0.75, 0.25], dtype=dtype), 0.5)
    assert kept.tolist() == [1, 2]
    assert dets.dtype == dtype


def test_no_boxes():
    dets, kept = nms(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert dets.shape == (0, 5) and kept.shape == (0, ) and kept.dtype == torch.long


def test_negative_threshold_is_refused():
    with pytest.raises(ValueError, match='at least 0, got -0.1'):
        nms(torch.zeros(1, 4), torch.zeros(1), -0.1)


# the second shares 10 x 6 of 140 with the first, the third nothing: IoU 3 / 7
BOXES = torch.tensor([[0., 0., 10., 10.], [0., 4., 10., 14.], [50., 0., 60., 10.]])
SCORES = torch.tensor([0.9, 0.8, 0.7])


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
def test_soft_scores_by_hand(method, factor):
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


def test_soft_equal_scores_keep_the_first():
    dets, kept = soft_nms(BOXES[:2], torch.tensor([0.8, 0.8]), 0.3, method='linear')
    assert kept.tolist() == [0, 1]
    assert dets[:, 4].tolist() == pytest.approx([0.8, 0.8 * 4 / 7])


def test_the_best_box_stays_below_the_lowest_score():
    kept = soft_nms(BOXES, SCORES, min_score=2.0)[1]
    assert kept.tolist() == [0]


@pytest.mark.parametrize('method', ['naive', 'linear', 'gaussian'])
@pytest.mark.parametrize('offset', [0, 1])
def test_soft_equals_the_slow_version(random, method, offset):
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


def test_soft_no_boxes():
    dets, kept = soft_nms(torch.zeros(0, 4), torch.zeros(0))
    assert dets.shape == (0, 5) and kept.shape == (0, )
