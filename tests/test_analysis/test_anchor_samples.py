"""The few anchors that are asked give the assignment of all anchors."""
import json

import numpy as np
import pytest
import torch
from mmdet.models.task_modules import AnchorGenerator, MaxIoUAssigner
from mmdet.models.task_modules.prior_generators import anchor_inside_flags
from mmengine.config import Config
from mmengine.structures import InstanceData

from fcos_mm.analysis.anchor_candidates import anchor_candidates, anchor_grid
from fcos_mm.analysis.anchor_samples import AnchorSamples, OwnBestAssigner, detectron_anchors
from fcos_mm.analysis.assignment_stats import anchor_recall, assignment_statistics
from fcos_mm.analysis.heads import build_samples
from fcos_mm.analysis.input_size import InputBoxes
from fcos_mm.config import load_config
from fcos_mm.errors import UserError

RETINANET = 'configs/retinanet/retinanet_r50-caffe_fpn_1x_coco.py'
GENERATORS = {
    'RetinaNet': dict(strides=[8, 16, 32, 64, 128], octave_base_scale=4, scales_per_octave=3,
                      ratios=[0.5, 1.0, 2.0]),
    'one shape': dict(strides=[16], scales=[8], ratios=[1.0]),
    'centered': dict(strides=[8, 32], scales=[2, 8], ratios=[0.5, 1.0], center_offset=0.5),
    'gaps between anchors': dict(strides=[32], scales=[0.25], ratios=[1.0]),
    'oblong cells': dict(strides=[(8, 16), (32, 16)], scales=[4], ratios=[1.0, 3.0]),
}
ASSIGNERS = {
    'none': dict(match_low_quality=False),
    'from 0.4': dict(min_pos_iou=0.4),
    'all': dict(min_pos_iou=0),
    'one of equals': dict(min_pos_iou=0, gt_max_assign_all=False),
}


def config(generator=GENERATORS['RetinaNet'], allowed_border=-1, **assigner):
    settings = dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, ignore_iof_thr=-1)
    return Config(dict(default_scope='fcos_mm', model=dict(
        bbox_head=dict(type='RetinaHead', num_classes=3, in_channels=4, feat_channels=4,
                       stacked_convs=0, anchor_generator=dict(type='AnchorGenerator', **generator)),
        train_cfg=dict(assigner=dict(settings, **assigner), allowed_border=allowed_border))))


def scene(generator, number, width, height, grid=None):
    """Boxes in an image, as they are at the network's input."""
    corner = generator.random((number, 2)) * (width, height)
    far = np.minimum(corner + generator.random((number, 2))**3 * 1.5 * max(width, height) + 1,
                     (width, height))
    boxes = np.concatenate([np.minimum(corner, far - 1), far], axis=1)
    if grid:  # equal overlaps become likely
        boxes = np.round(boxes / grid) * grid
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + grid)
    padded = tuple(-(-side // 32) * 32 for side in (width, height))
    return InputBoxes(size=(width, height), padded=padded, factor=(1., 1.),
                      boxes=torch.from_numpy(boxes.astype(np.float32)),
                      categories=torch.from_numpy(generator.integers(0, 3, number)),
                      crowd=torch.zeros(0, 4))


def dense(image, cfg):
    """Ask all anchors: box of each, -1 for none; and (G, P) who claims which."""
    generator = AnchorGenerator(**{key: value for key, value in
                                   cfg.model.bbox_head.anchor_generator.items() if key != 'type'})
    settings = dict(cfg.model.train_cfg.assigner)
    settings.pop('type')
    assigner = MaxIoUAssigner(**settings)
    sizes = image.feature_sizes(generator.strides)
    anchors = torch.cat(generator.grid_priors(sizes, device='cpu'))
    inside = anchor_inside_flags(anchors, torch.ones(len(anchors), dtype=torch.bool),
                                 image.size[::-1], cfg.model.train_cfg.allowed_border)
    truth = InstanceData(bboxes=image.boxes, labels=image.categories)
    found = assigner.assign(InstanceData(priors=anchors[inside]), truth).gt_inds - 1
    index = torch.full((len(anchors), ), -1)
    index[inside] = found.clamp(min=-1)
    # A box alone gets every anchor that it claims among others.
    claims = torch.zeros(len(image.boxes), len(anchors), dtype=torch.bool)
    for box in range(len(image.boxes)):
        alone = InstanceData(bboxes=truth.bboxes[box:box + 1], labels=truth.labels[box:box + 1])
        claims[box, inside] = assigner.assign(InstanceData(priors=anchors[inside]),
                                              alone).gt_inds > 0
    return index.numpy(), claims.numpy()


@pytest.mark.parametrize('allowed_border', [-1, 0, 16])
@pytest.mark.parametrize('rule', ASSIGNERS)
@pytest.mark.parametrize('anchors', GENERATORS)
def test_as_all_anchors(anchors, rule, allowed_border):
    cfg = config(GENERATORS[anchors], allowed_border, **ASSIGNERS[rule])
    samples, generator, positives = build_samples(cfg), np.random.default_rng(0), 0
    for trial in range(12):
        width, height = generator.integers(150, 400, 2).tolist()
        image = scene(generator, (1, 3, 12)[trial % 3], width, height, (None, 8)[trial % 2])
        index, claims = dense(image, cfg)
        found = samples.assign(image)
        assert sum(found.counts) == len(index)
        assert np.array_equal(found.positive, np.flatnonzero(index >= 0))
        assert np.array_equal(found.answered, index[index >= 0])
        sparse = np.zeros_like(claims)
        sparse[found.claimant, found.claimed] = True
        assert np.array_equal(sparse, claims)
        positives += len(found.positive)
    assert positives > 12 or rule not in ('all', 'one of equals')


def test_only_few_anchors_are_asked():
    # A box like an anchor: the anchors of at least half its area, not the 12,276 of the image.
    generator = AnchorGenerator(**GENERATORS['RetinaNet'])
    sizes = [(-(-256 // s), -(-256 // s)) for s in (8, 16, 32, 64, 128)]
    grid = anchor_grid(generator, sizes)
    index, anchors = anchor_candidates(grid, torch.tensor([[112., 112., 144., 144.]]), 0.5)
    total = sum(grid.counts)
    assert total == 9 * (32**2 + 16**2 + 8**2 + 4**2 + 2**2)
    assert 0 < len(index) < 100
    assert torch.equal(anchors, torch.cat(generator.grid_priors(sizes, device='cpu'))[index])


class TestByHand:
    # One square anchor of 32 pixels a cell of 16: centers at 0, 16, 32, 48.
    CFG = dict(strides=[16], scales=[2], ratios=[1.0])

    @pytest.fixture
    def ann_file(self, tmp_path):
        boxes = [
            (1, [0, 0, 32, 32]),  # the anchor at (16, 16)
            (2, [32, 32, 16, 16]),  # IoU 256 / 1024 with the anchors at (32..48, 32..48)
            (2, [0, 32, 24, 32]),  # IoU 24 / 32 with the anchor at (16, 48)
        ]
        data = dict(
            images=[dict(id=1, file_name='1.png', width=64, height=64)],
            categories=[dict(id=1, name='cup'), dict(id=2, name='jar')],
            annotations=[dict(id=i, image_id=1, category_id=category, bbox=bbox, iscrowd=0,
                              area=bbox[2] * bbox[3])
                         for i, (category, bbox) in enumerate(boxes, start=1)])
        path = tmp_path / 'ann.json'
        path.write_text(json.dumps(data))
        return str(path)

    def test_statistics(self, ann_file):
        found = assignment_statistics(config(self.CFG, min_pos_iou=0.4), ann_file, progress=False)
        # Of the first box the anchor (16, 16); IoU with its neighbours is 512 / 1536. Of the third
        # (16, 48), and (0, 48): 16 / (32 + 24 - 16) of the height 32 is 0.4, below 0.5.
        assert (found['sample'], found['num_gt'], found['num_recalled']) == ('anchor', 3, 2)
        assert (found['num_positive'], found['ambiguous']) == (2, 0)
        assert found['levels'] == [dict(stride=16, regress_range=None, positives=2, boxes=2)]
        assert found['unanswered'] == [dict(annotation_id=2, image_id=1, size=[16, 16],
                                            input_size=[16, 16], reason='low_iou')]

    def test_the_three_rules(self, ann_file):
        assert anchor_recall(config(self.CFG), ann_file, progress=False) == {
            'none': pytest.approx(200 / 3), '>= 0.4': pytest.approx(200 / 3), 'all': 100}

    def test_low_quality_matches_from_a_quarter_on(self, ann_file):
        found = assignment_statistics(config(self.CFG, min_pos_iou=0.25), ann_file, progress=False)
        assert found['num_recalled'] == 3
        assert found['num_positive'] == 2 + 4  # four anchors are equally good

    def test_an_fcos_has_no_anchors(self, ann_file, tiny_config):
        with pytest.raises(UserError, match='no anchors'):
            anchor_recall(load_config(str(tiny_config)), ann_file)


class TestPublished:

    def test_anchors_of_detectron(self):
        # Stride 8, ratio 0.5: width sqrt(64 / 0.5) = 11.3, rounded 11, height 5.5, to even 6.
        generator = AnchorGenerator(strides=[8], scales=[4, 8], ratios=[0.5, 1.0])
        found, = detectron_anchors(generator)
        assert found.tolist() == [
            [4 - 22, 4 - 12, 4 + 22, 4 + 12], [4 - 44, 4 - 24, 4 + 44, 4 + 24],
            [4 - 16, 4 - 16, 4 + 16, 4 + 16], [4 - 32, 4 - 32, 4 + 32, 4 + 32]]

    def test_an_anchor_answers_for_its_own_best_box(self):
        # The anchor is the best of both boxes, but overlaps the first one more.
        overlaps, labels = torch.tensor([[0.6, 0.1], [0.45, 0.2]]), torch.tensor([5, 7])
        settings = dict(pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0)
        mmdets = MaxIoUAssigner(**settings).assign_wrt_overlaps(overlaps, labels)
        found = OwnBestAssigner(**settings).assign_wrt_overlaps(overlaps, labels)
        assert (mmdets.gt_inds.tolist(), mmdets.labels.tolist()) == ([2, 0], [7, -1])
        assert (found.gt_inds.tolist(), found.labels.tolist()) == ([1, 0], [5, -1])

    def test_the_last_pixel_is_inside_the_box(self):
        # Pixels 0 to 9 enlarged twice: 0 to 18, 19 pixels.
        samples = build_samples(config(dict(strides=[16], scales=[1], ratios=[1.0])),
                                as_published=True)
        image = scene(np.random.default_rng(0), 1, 64, 64)._replace(
            factor=(2., 2.), boxes=torch.tensor([[0., 0., 20., 20.]]))
        # The anchor (0, 0, 16, 16) lies inside.
        assert samples.overlaps(image).values.max() == pytest.approx(16**2 / 19**2)

    def test_table_1(self, real_data):
        found = anchor_recall(load_config(RETINANET),
                              str(real_data / 'coco' / 'instances_val2017_bbox.json'),
                              as_published=True, progress=False)
        assert found == {'none': pytest.approx(86.82, abs=0.01),
                         '>= 0.4': pytest.approx(90.92, abs=0.01),
                         'all': pytest.approx(99.23, abs=0.01)}


@pytest.mark.parametrize('settings, message', [
    (dict(type='ATSSAssigner', topk=9), 'ATSSAssigner'),
    (dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, ignore_iof_thr=0.5),
     'ignore_iof_thr'),
])
def test_other_assigners_are_not_supported(settings, message):
    cfg = config()
    cfg.model.train_cfg.assigner = settings
    with pytest.raises(UserError, match=message):
        build_samples(cfg)


def test_a_head_without_an_assigner():
    cfg = config()
    cfg.model.train_cfg = None
    with pytest.raises(UserError, match='is not supported'):
        build_samples(cfg)


def test_the_rules_change_nothing_else():
    samples = build_samples(config())
    assert isinstance(samples, AnchorSamples)
    rule = samples.with_rule('>= 0.4')
    assert (rule.min_pos_iou, rule.match_low_quality, rule.pos_iou_thr) == (0.4, True, 0.5)
    assert samples.assigner.min_pos_iou == 0
