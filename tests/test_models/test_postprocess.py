"""Sec. 3.1 "Inference" and 3.3: threshold, top-k, decode, score, NMS."""
import math

import pytest
import torch
from mmcv.ops import batched_nms

from fcos_mm.models import (
    FCOSPostProcessor,
    LocationGenerator,
    Predictions,
    decode,
    flatten_levels,
    postprocess,
)
from fcos_mm.models.postprocess import best_of_each_level, boxes_at, candidates, suppress

CFG = dict(score_thr=0.05, nms_pre=1000, nms=dict(type='nms', iou_threshold=0.5), max_per_img=100)
META = dict(img_shape=(64, 64), ori_shape=(32, 32), scale_factor=(2., 2.))


def logit(p):
    return math.log(p / (1 - p))


def run(class_scores, centerness=None, distances=None, cfg=None, options=None, meta=META,
        **kwargs):
    """One row of locations (4, 4), (12, 4), ... with given scores (P, C)."""
    count = len(class_scores)
    locations = LocationGenerator((8, ))([(1, count)], 'cpu')
    logits = torch.tensor([[logit(p) for p in row] for row in class_scores])  # (P, C)
    distances = [[4., 4, 4, 4]] * count if distances is None else distances
    predictions = Predictions(
        [logits.t()[None, :, None]], torch.tensor([distances], dtype=torch.float32), None)
    factor = None if centerness is None else torch.tensor([centerness])
    result, = FCOSPostProcessor(**(options or {}))(
        predictions, factor, locations, [meta], {**CFG, **(cfg or {})}, **kwargs)
    return result


def test_decode_inverts_equation_1():
    points = torch.tensor([[28., 20.]])
    assert boxes_at(points, torch.tensor([[25., 20, 75, 60]])).tolist() == [[3, 0, 103, 80]]


def random_outputs(images=3):
    """Locations of two levels and what a network says of them, with a quality."""
    torch.manual_seed(0)
    locations = LocationGenerator((8, 16))([(6, 7), (3, 4)], 'cpu')
    maps = [torch.randn(images, 5, 6, 7), torch.randn(images, 5, 3, 4)]
    return (Predictions(maps, torch.rand(images, 54, 4) * 30, None), locations,
            torch.rand(images, 54))


@pytest.mark.parametrize('limit', [-1, 20])
@pytest.mark.parametrize('threshold_on', ['class_score', 'score'])
def test_candidates_are_the_best_of_all_that_is_decoded(threshold_on, limit):
    predictions, locations, quality = random_outputs(2)
    boxes, scores = decode(predictions, locations, quality)  # (2, 54, 4), (2, 54, 5)
    tested = scores if threshold_on == 'score' else decode(predictions, locations)[1]
    results = FCOSPostProcessor(threshold_on=threshold_on)(
        predictions, quality, locations, [dict(img_shape=(9999, 9999))] * 2,
        dict(CFG, score_thr=0.3, nms_pre=limit), with_nms=False)
    for result, box, score, of_threshold in zip(results, boxes, scores, tested):
        expected = []
        for level in torch.arange(54).split(locations.counts):
            passed = (of_threshold[level] > 0.3).nonzero()
            ranked = sorted(((score[level[p], c].item(), level[p].item(), c.item())
                             for p, c in passed), key=lambda each: -each[0])
            expected += ranked[:limit] if limit > 0 else ranked
        assert result.labels.tolist() == [c for *_, c in expected]
        assert result.scores.tolist() == pytest.approx([s for s, *_ in expected], rel=1e-6)
        chosen = box[[p for _, p, _ in expected]].clamp(min=0)
        assert torch.equal(result.bboxes, chosen) and len(chosen) > 20


def test_score_is_the_product():
    result = run([[0.8, 0.1]], [0.5])
    assert result.scores.tolist() == pytest.approx([0.4, 0.05])
    assert result.labels.tolist() == [0, 1]
    assert result.bboxes.tolist() == [[0, 0, 8, 8]] * 2


def test_square_root_of_the_product():
    result = run([[0.8]], [0.5], options=dict(score='sqrt'))
    assert result.scores.tolist() == pytest.approx([math.sqrt(0.4)])


def test_threshold_on_the_class_score_or_on_the_final_one():
    scores, centerness = [[0.06], [0.04]], [0.1, 1.]
    assert run(scores, centerness).scores.tolist() == pytest.approx([0.006])
    on_score = run(scores, centerness, cfg=dict(score_thr=0.03), options=dict(threshold_on='score'))
    assert on_score.scores.tolist() == pytest.approx([0.04])


def test_the_threshold_itself_does_not_pass():
    # sigmoid(0) is exactly 0.5
    assert len(run([[0.5]], cfg=dict(score_thr=0.5))) == 0


@pytest.mark.parametrize('rank_by, expected', [('score', [0.45]), ('class_score', [0.18])])
def test_what_the_best_are_ranked_by(rank_by, expected):
    result = run([[0.5], [0.9]], [0.9, 0.2], cfg=dict(nms_pre=1), options=dict(rank_by=rank_by))
    assert result.scores.tolist() == pytest.approx(expected)


def levels(*counts):
    """Locations of levels with so many columns and one row."""
    return LocationGenerator((8, ) * len(counts))([(1, n) for n in counts], 'cpu')


def test_best_of_every_level():
    ranking = torch.tensor([.1, .9, .8, .2, .3, .4, .7])
    pairs = torch.tensor([0, 0, 0, 0, 0, 0, 1]), torch.tensor([0, 0, 1, 1, 2, 2, 0])
    for limit, expected in ((1, [1, 5, 6]), (3, [1, 2, 3, 5, 4, 6]), (-1, [1, 2, 3, 0, 5, 4, 6])):
        assert best_of_each_level(ranking, *pairs, levels(2, 1), limit).tolist() == expected
    nothing = torch.zeros(0).long()
    assert len(best_of_each_level(ranking[:0], nothing, nothing, levels(2, 1), 1)) == 0


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize('probability', [-1, 0, 1e-4, 0.05, 0.5, 0.97, 1, 2])
def test_no_pair_above_the_probability_is_missed(probability, dtype):
    torch.manual_seed(0)
    maps = [(torch.randn(2, 7, *size) * 4).to(dtype) for size in ((6, 7), (2, 4), (1, 1))]
    pairs, of_pairs = candidates(maps, probability)
    logits = flatten_levels(maps).float()  # (2, 51, 7)
    assert torch.equal(of_pairs.float(), logits[pairs])
    found = torch.zeros(logits.shape, dtype=torch.bool)
    found[pairs] = True
    assert not ((logits.sigmoid() > probability) & ~found).any()
    # ... and not many more than those
    assert found.sum() <= (logits.sigmoid() > 0.93 * probability).sum()


def test_nms_in_each_class_and_its_threshold():
    # Boxes of 16 x 8, 8 apart: intersection 8 * 8, union 3 * 64, IoU 1/3.
    boxes = [[4., 4, 12, 4], [4., 4, 12, 4]]
    same = [[0.9, 0.01], [0.8, 0.01]]
    other = [[0.9, 0.01], [0.01, 0.8]]
    assert len(run(same, distances=boxes)) == 2
    strict = dict(nms=dict(type='nms', iou_threshold=0.3))
    assert run(same, distances=boxes, cfg=strict).scores.tolist() == pytest.approx([0.9])
    assert len(run(other, distances=boxes, cfg=strict)) == 2


def test_limit_of_detections_keeps_the_best():
    result = run([[0.3], [0.9], [0.6]], cfg=dict(max_per_img=2))
    assert result.scores.tolist() == pytest.approx([0.9, 0.6])


def test_smallest_box():
    distances = [[1., 1, 1, 1], [2., 2, 2, 2]]
    result = run([[0.9], [0.8]], distances=distances, cfg=dict(min_bbox_size=2))
    assert result.scores.tolist() == pytest.approx([0.8])


def test_without_nms_all_candidates_come_back():
    result = run([[0.9], [0.9]], distances=[[4., 4, 12, 4], [12., 4, 4, 4]], with_nms=False)
    assert len(result) == 2


@pytest.mark.parametrize('convention, expected', [
    ('continuous', [0, 0, 60, 64]), ('pixel', [0, 0, 60, 64])])
def test_boxes_end_at_the_edge_of_the_image(convention, expected):
    meta = dict(img_shape=(64, 60), scale_factor=(1., 1.))
    result = run([[0.9]], distances=[[99.] * 4], box_convention=convention, meta=meta)
    assert result.bboxes.tolist() == [expected]


@pytest.mark.parametrize('when, count', [('before_nms', 1), ('after_nms', 2)])
def test_clip_before_or_after_nms(when, count):
    # Both boxes are (0, 0, 64, 64) once clipped, but barely overlap before.
    distances = [[4., 4, 600, 600], [600., 600, 600, 600]]
    result = run([[0.9], [0.8]], distances=distances, options=dict(clip=when))
    assert len(result) == count
    assert result.bboxes[0].tolist() == [0, 0, 64, 64]


@pytest.mark.parametrize('when, scores', [('before_nms', [0.9, 0.8]), ('after_nms', [0.8])])
@pytest.mark.parametrize('rescale', [False, True])
def test_boxes_outside_the_image(when, scores, rescale):
    # The first location is at (4, 4); the box of 4 x 4 is left of the image once it is clipped,
    # and takes the place of the third one if that happens last.
    distances = [[6., 2, -4, 2], [2., 2, 2, 2], [2., 2, 2, 2]]
    result = run([[0.9], [0.8], [0.7]], distances=distances, options=dict(clip=when),
                 cfg=dict(min_bbox_size=-1, max_per_img=2), rescale=rescale)
    assert result.scores.tolist() == pytest.approx(scores)


def test_rescale_to_the_original_image():
    for when in ('before_nms', 'after_nms'):
        result = run([[0.9]], distances=[[2., 4, 100, 4]], options=dict(clip=when), rescale=True)
        assert result.bboxes.tolist() == [[1, 0, 32, 4]]


def test_pixel_convention_gives_back_the_far_edge():
    # Last pixel 7 of the network's image, so the box ends at 8 ...
    result = run([[0.9]], distances=[[4., 4, 3, 3]], box_convention='pixel')
    assert result.bboxes.tolist() == [[0, 0, 9, 9]]  # META: an original pixel is 2 wide
    # ... and in the original image the last pixel is one wide.
    result = run([[0.9]], distances=[[4., 4, 2, 2]], box_convention='pixel', rescale=True)
    assert result.bboxes.tolist() == [[0, 0, 4, 4]]


def test_pixel_convention_suppresses_at_the_networks_size():
    # Two boxes of 8 x 8 pixels, 4 apart: at the network's size the intersection is 4 * 8 = 32
    # of 96. At half the size widths of 3.5 + 1 would give 2.5 * 4.5 of 29.25, above the
    # threshold.
    distances = [[4., 4, 3, 3], [8., 4, -1, 3]]
    cfg = dict(nms=dict(type='nms', iou_threshold=0.35, offset=1))
    result = run([[0.9], [0.8]], distances=distances, cfg=cfg, box_convention='pixel', rescale=True)
    assert result.bboxes.tolist() == [[0, 0, 4.5, 4.5], [2, 0, 6.5, 4.5]]


def test_nothing_found():
    result = run([[0.01], [0.02]], [0.5, 0.5], rescale=True)
    assert result.bboxes.shape == (0, 4) and result.scores.shape == result.labels.shape == (0, )


def test_batched_equals_single():
    predictions, locations, factor = random_outputs()
    maps = predictions.class_maps
    metas = [dict(img_shape=(40, 50)), dict(img_shape=(48, 56)), dict(img_shape=(20, 20))]
    cfg = {**CFG, 'nms_pre': 20}
    together = FCOSPostProcessor()(predictions, factor, locations, metas, cfg)
    for i, meta in enumerate(metas):
        single = Predictions([m[i:i + 1] for m in maps], predictions.distances[i:i + 1], None)
        alone, = FCOSPostProcessor()(single, factor[i:i + 1], locations, [meta], cfg)
        assert len(alone) and torch.equal(alone.bboxes, together[i].bboxes)
        # The last place may differ: sigmoid runs over another number of scores.
        torch.testing.assert_close(alone.scores, together[i].scores, rtol=3e-7, atol=0)


@pytest.mark.parametrize('option', ['score', 'rank_by', 'threshold_on', 'clip'])
def test_wrong_options_are_named(option):
    with pytest.raises(ValueError, match=f"postprocess.{option} .*got 'wrong'"):
        FCOSPostProcessor(**{option: 'wrong'})


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
    monkeypatch.setattr(postprocess, 'batched_nms', None)
    _, keep = suppress(*crowd(20, seed=0), dict(type='nms', iou_threshold=0.6))
    assert 0 < len(keep) < 20


def test_very_many_boxes_are_taken_class_by_class(monkeypatch):
    monkeypatch.setattr(postprocess, 'SPLIT_THRESHOLD', 20)
    monkeypatch.setattr(postprocess, 'ext_module', None)
    monkeypatch.setattr(postprocess, 'batched_nms', lambda *_: (torch.ones(1, 5), [0]))
    assert suppress(*crowd(20, seed=0), dict(type='nms', iou_threshold=0.6)) == (1, [0])
