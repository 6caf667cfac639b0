"""Detections that say where they come from, and the oracles of center-ness."""
import math

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from fcos_mm.analysis.instrumented_head import LocatedPostProcessor, ScoredPostProcessor
from fcos_mm.errors import UserError
from fcos_mm.models import FCOSPostProcessor, LocationGenerator, Predictions
from fcos_mm.registry import MODELS

CFG = dict(score_thr=0.05, nms_pre=1000, nms=dict(type='nms', iou_threshold=0.3), max_per_img=100)


def test_locations_stay_with_their_detections():
    """Of locations 0 to 3 the last is too small, the second suppressed, the third the best."""
    scores = torch.tensor([[0.6, 0.3], [0.5, 0.01], [0.9, 0.01], [0.8, 0.01]])
    distances = torch.tensor([[[4., 4, 4, 4], [4., 4, 4, 4], [12., 4, 12, 4], [1., 1, 1, 1]]])
    inputs = (Predictions([scores.logit().t()[None, :, None]], distances, None), None,
              LocationGenerator((8, ))([(1, 4)], 'cpu'), [dict(img_shape=(64, 64))],
              dict(CFG, min_bbox_size=3))
    result, = LocatedPostProcessor()(*inputs)
    # The third's box (8, 0, 32, 8) has IoU 64 / 192 with the second's (8, 0, 16, 8).
    assert result.scores.tolist() == pytest.approx([0.9, 0.6, 0.3])
    assert result.locations.tolist() == [2, 0, 0]
    plain, = FCOSPostProcessor()(*inputs)
    assert 'locations' not in plain and torch.equal(plain.bboxes, result.bboxes)


def test_locations_count_over_the_levels():
    """Two levels of 2 x 3 and 1 x 2 cells, two images: each finds its own cell."""
    locations = LocationGenerator((8, 16))([(2, 3), (1, 2)], 'cpu')
    maps = [torch.full((2, 1, 2, 3), -9.), torch.full((2, 1, 1, 2), -9.)]
    maps[0][0, 0, 1, 2] = 1.  # row 1, column 2 of P3: 1 * 3 + 2
    maps[1][1, 0, 0, 1] = 1.  # column 1 of P4: 2 * 3 + 1
    first, second = LocatedPostProcessor()(
        Predictions(maps, torch.full((2, 8, 4), 4.), None), None, locations,
        [dict(img_shape=(16, 24))] * 2, CFG)
    assert first.locations.tolist() == [5] and second.locations.tolist() == [7]
    assert first.bboxes.tolist() == [[16, 8, 24, 16]]  # the cell at (20, 12)


def test_class_scores_stay_with_their_detections():
    """The second location has the higher score, by its center-ness, and the lower class score."""
    inputs = (Predictions([torch.tensor([0.8, 0.6]).logit()[None, None, None]],
                          torch.full((1, 2, 4), 4.), None), torch.tensor([[0.5, 1.]]),
              LocationGenerator((8, ))([(1, 2)], 'cpu'), [dict(img_shape=(8, 16))], CFG)
    result, = ScoredPostProcessor()(*inputs)
    assert result.scores.tolist() == pytest.approx([0.6, 0.4])
    assert result.class_scores.tolist() == pytest.approx([0.6, 0.8])
    assert 'class_scores' not in FCOSPostProcessor()(*inputs)[0]


def make_head(kind, **options):
    """A head whose class scores are about 0.95 and whose learned center-ness is 0.8."""
    torch.manual_seed(0)
    head = MODELS.build(dict(
        type=kind, num_classes=3, in_channels=8, feat_channels=8, stacked_convs=1, strides=(8, ),
        norm_cfg=dict(type='GN', num_groups=2), test_cfg=ConfigDict(CFG, score_thr=0.),
        assigner=dict(type='fcos_mm.FCOSAssigner', regress_ranges=((0, None), )), **options))
    head.init_weights()
    head.conv_cls.bias.data.fill_(3.)
    if head.quality.branch:
        torch.nn.init.zeros_(head.conv_centerness.weight)
        head.conv_centerness.bias.data.fill_(math.log(4))
    return head


def center_ness(point):
    """Eq. (3) in the box (8, 8, 40, 40), None outside."""
    ratios = [min(c - 8, 40 - c) / max(c - 8, 40 - c) for c in point.tolist()]
    return math.sqrt(ratios[0] * ratios[1]) if min(ratios) > 0 else None


@pytest.mark.parametrize('kind, branch, elsewhere', [
    ('OracleFCOSHead', True, 0.), ('OracleFCOSHead', False, 0.),
    ('OracleOfPositivesFCOSHead', True, 0.8), ('OracleOfPositivesFCOSHead', False, 1.)])
@pytest.mark.parametrize('regression', ['exp', 'relu'])
def test_oracles_know_the_boxes(kind, branch, elsewhere, regression):
    """Boxes are those of the original image: mmdet's pipelines load them after resizing."""
    centerness = dict(type='fcos_mm.Centerness', branch=branch,
                      source='branch' if branch else 'none')
    head = make_head(f'fcos_mm.{kind}', regression=regression, centerness=centerness,
                     postprocess=dict(type='fcos_mm.LocatedPostProcessor'))
    sample = DetDataSample(metainfo=dict(
        img_shape=(64, 96), ori_shape=(32, 48), scale_factor=(2., 2.)))
    sample.gt_instances = InstanceData(
        bboxes=torch.tensor([[4., 4, 20, 20]]), labels=torch.tensor([0]))  # (8, 8, 40, 40)
    feats = [torch.randn(1, 8, 8, 12)]
    result, = head.predict(feats, [sample])
    assert len(result) > 3
    with torch.no_grad():
        classes = head(feats)[0][0].sigmoid().flatten(2)[0]  # (3, P)
    points = head.location_generator([(8, 12)], 'cpu').points
    for score, label, location in zip(result.scores, result.labels, result.locations):
        of_box = center_ness(points[location])
        factor = elsewhere if of_box is None else of_box
        assert score.item() == pytest.approx(classes[label, location].item() * factor, rel=1e-5)
    # Location (20, 20), whose l, t, r, b are 12, 12, 20, 20, is not the best; (28, 28) is none.
    assert result.scores.max() > (0.55 if elsewhere == 0 else 0.7)


def test_an_oracle_needs_ground_truth():
    with pytest.raises(UserError, match='needs ground truth at test'):
        make_head('fcos_mm.OracleFCOSHead').predict(
            [torch.randn(1, 8, 8, 12)], [DetDataSample(metainfo=dict(img_shape=(64, 96)))])
