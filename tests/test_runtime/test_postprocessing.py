"""Detections from an export's outputs are those of ``FCOSPostProcessor``."""
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fcos_mm.errors import UserError
from fcos_mm.models import FCOSPostProcessor, LocationGenerator, Predictions, flatten_levels
from fcos_mm.models.postprocess import boxes_at
from fcos_mm.runtime.info import Postprocessing
from fcos_mm.runtime.postprocessing import candidates, from_decoded, from_nms, level_ends
from fcos_mm.runtime.preprocessing import Prepared

STRIDES = (8, 16)
PADDED = (48, 56)  # 6 x 7 and 3 x 4 locations
PIXELS = np.zeros((45, 50, 3), np.uint8)
CLASSES = 5


def outputs(seed, ties):
    """What a network says of three images: logits of each level, distances, quality."""
    random = torch.Generator().manual_seed(seed)
    locations = LocationGenerator(STRIDES)([(6, 7), (3, 4)], 'cpu')
    maps = [torch.randn(3, CLASSES, level.rows, level.columns, generator=random) * 2 - 1
            for level in locations.levels]
    quality = torch.rand(3, 54, generator=random)
    if ties:
        maps, quality = [one.round() for one in maps], torch.ones_like(quality)
    return (Predictions(maps, torch.rand(3, 54, 4, generator=random) * 30, None), locations,
            quality)


def dense(predictions, locations, quality, options, cfg):
    """The outputs ``boxes`` and ``scores`` of mode decoded, the obvious way."""
    class_scores = flatten_levels(predictions.class_maps).sigmoid()
    scores = class_scores * quality[..., None]
    scores = scores.sqrt() if options['score'] == 'sqrt' else scores
    tested = class_scores if options['threshold_on'] == 'class_score' else scores
    kept = tested > cfg['score_thr']
    if options['rank_by'] == 'class_score' and cfg['nms_pre'] > 0:
        for image in range(len(scores)):
            for level in torch.arange(54).split(locations.counts):
                ranked = (class_scores[image, level] * kept[image, level]).flatten()
                best = ranked.argsort(descending=True, stable=True)[:cfg['nms_pre']]
                part = torch.zeros(len(ranked), dtype=torch.bool)
                part[best] = True
                kept[image, level] &= part.reshape(len(level), CLASSES)
    boxes = boxes_at(locations.points, predictions.distances)
    return dict(boxes=boxes.numpy(), scores=torch.where(kept, scores, 0).numpy())


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), ties=st.booleans(),
       score=st.sampled_from(['product', 'sqrt']),
       rank_by=st.sampled_from(['score', 'class_score']),
       threshold_on=st.sampled_from(['class_score', 'score']),
       clip=st.sampled_from(['before_nms', 'after_nms']),
       convention=st.sampled_from(['continuous', 'pixel']),
       nms_pre=st.sampled_from([-1, 10, 1000]), most=st.sampled_from([7, 100]),
       smallest=st.sampled_from([-1, 0, 15]), score_thr=st.sampled_from([0., 0.05, 0.4, 0.999]))
def test_detections_equal_those_of_the_model(seed, ties, score, rank_by, threshold_on, clip,
                                             convention, nms_pre, most, smallest, score_thr):
    options = dict(score=score, rank_by=rank_by, threshold_on=threshold_on)
    cfg = dict(score_thr=score_thr, nms_pre=nms_pre, nms=dict(type='nms', iou_threshold=0.5),
               max_per_img=most, min_bbox_size=smallest)
    predictions, locations, quality = outputs(seed, ties)
    image = Prepared(PIXELS, (91, 99), PADDED)
    meta = dict(img_shape=PIXELS.shape[:2], ori_shape=(91, 99), scale_factor=image.scale)
    expected = FCOSPostProcessor(clip=clip, **options)(
        predictions, quality, locations, [meta] * 3, cfg, box_convention=convention, rescale=True)
    how = Postprocessing(score_thr=score_thr, nms_pre=nms_pre, iou_threshold=0.5,
                         max_per_img=most, clip=clip, min_bbox_size=smallest,
                         extra=int(convention == 'pixel'), strides=STRIDES)
    of_file = dense(predictions, locations, quality, options, cfg)
    for index, one in enumerate(expected):
        found = from_decoded(of_file, index, image, how)
        np.testing.assert_allclose(found.scores, one.scores, atol=1e-6)
        if not ties:  # else equal scores may be in another order
            assert found.labels.tolist() == one.labels.tolist()
            np.testing.assert_allclose(found.boxes, one.bboxes, atol=1e-4)
        assert [one.dtype for one in found] == [np.float32, np.float32, np.int64]


def test_equal_scores_are_taken_in_the_order_of_the_model():
    """Ranked by the final score, which the file has: ties as in the model."""
    options = dict(score='product', rank_by='score', threshold_on='class_score')
    for seed in range(20):
        predictions, locations, quality = outputs(seed, ties=True)
        cfg = dict(score_thr=0.05, nms_pre=9, nms=dict(type='nms', iou_threshold=0.5),
                   max_per_img=100)
        how = Postprocessing(score_thr=0.05, nms_pre=9, iou_threshold=0.5, max_per_img=100,
                             clip='before_nms', min_bbox_size=-1, extra=0, strides=STRIDES)
        image = Prepared(PIXELS, PIXELS.shape[:2], PADDED)
        meta = dict(img_shape=PIXELS.shape[:2], ori_shape=PIXELS.shape[:2], scale_factor=(1., 1.))
        expected, *_ = FCOSPostProcessor()(predictions, quality, locations, [meta] * 3, cfg,
                                           rescale=True)
        found = from_decoded(dense(predictions, locations, quality, options, cfg), 0, image, how)
        assert found.labels.tolist() == expected.labels.tolist()
        np.testing.assert_allclose(found.boxes, expected.bboxes, atol=1e-4)


@pytest.fixture
def how(make_info):
    return make_info(extra=1, strides=STRIDES).postprocessing


def test_nms_of_the_file(how):
    """Only the counted rows; twice as large in the image, then one pixel on."""
    of_file = dict(boxes=np.array([[[2., 4, 10, 20], [0, 0, 0, 0]]] * 2, np.float32),
                   scores=np.array([[.75, 0]] * 2, np.float32), labels=np.array([[3, -1]] * 2),
                   count=np.array([0, 1]))
    image = Prepared(PIXELS, (90, 100), PADDED)
    assert len(from_nms(of_file, 0, image, how).scores) == 0
    found = from_nms(of_file, 1, image, how)
    assert found.boxes.tolist() == [[4, 8, 21, 41]] and found.labels.tolist() == [3]
    assert found.scores.tolist() == [0.75]


def test_no_candidate(how):
    of_file = dict(boxes=np.zeros((1, 54, 4), np.float32), scores=np.zeros((1, 54, 5), np.float32))
    found = from_decoded(of_file, 0, Prepared(PIXELS, (90, 100), PADDED), how)
    assert found.boxes.shape == (0, 4) and found.scores.shape == found.labels.shape == (0, )


def test_candidates_by_hand():
    """The best pair of each level; scores that are no numbers are no candidates."""
    boxes = np.arange(12, dtype=np.float32).reshape(3, 4)
    scores = np.array([[.1, .3], [.2, np.nan], [0, .5]], np.float32)
    found = candidates(boxes, scores, [2, 3], 1)
    assert found.labels.tolist() == [1, 1]
    assert found.boxes.tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]
    every = candidates(boxes, scores, [2, 3], 0)
    assert np.allclose(every.scores, [.3, .2, .1, .5]) and every.labels.tolist() == [1, 0, 0, 1]


def test_other_locations_than_the_metadata_says():
    assert level_ends((48, 50), (8, 16)) == [42, 54]
    with pytest.raises(UserError, match='54 locations, but .* mean 42.\nExport'):
        candidates(np.zeros((54, 4), np.float32), np.zeros((54, 5), np.float32), [42], 10)
