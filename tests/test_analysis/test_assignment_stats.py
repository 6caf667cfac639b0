"""Best possible recall and ambiguous samples of FCOS (Tables 1 and 2)."""
import json

import numpy as np
import pytest
import torch
from mmengine.config import Config

from fcos_mm.analysis.assignment_stats import assignment_statistics
from fcos_mm.config import load_config
from fcos_mm.errors import UserError

CONFIGS = {
    'FPN': 'configs/fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py',
    'P4': 'configs/ablations/fcos_r50-caffe_p4_gn-head_1x_coco.py',
}


def config(strides=(8, ), ranges=((0, 1e8), ), **assigner):
    head = dict(type='FCOSHead', num_classes=2, in_channels=4, feat_channels=4, stacked_convs=0,
                strides=strides,
                assigner=dict(type='FCOSAssigner', regress_ranges=ranges, **assigner))
    return Config(dict(default_scope='fcos_mm', model=dict(bbox_head=head)))


@pytest.fixture
def ann_file(tmp_path):
    """Return a function that writes images of boxes (x0, y0, x1, y1, category[, crowd])."""

    def write(*images, size=(64, 48)):
        data = dict(
            images=[dict(id=index, file_name=f'{index}.png', width=size[0], height=size[1])
                    for index in range(len(images))],
            categories=[dict(id=1, name='cup'), dict(id=2, name='jar')],
            annotations=[])
        for index, boxes in enumerate(images):
            for x0, y0, x1, y1, category, *crowd in boxes:
                data['annotations'].append(dict(
                    id=len(data['annotations']) + 1, image_id=index, category_id=category,
                    bbox=[x0, y0, x1 - x0, y1 - y0], area=(x1 - x0) * (y1 - y0),
                    iscrowd=int(bool(crowd))))
        path = tmp_path / 'ann.json'
        path.write_text(json.dumps(data))
        return str(path)

    return write


def statistics(cfg, path, **options):
    return assignment_statistics(cfg, path, progress=False, **options)


def reasons(found):
    return {box['annotation_id']: box['reason'] for box in found['unanswered']}


class TestByHand:
    # Locations of stride 8 lie at 4, 12, 20, ...

    def test_two_boxes(self, ann_file):
        # The first holds (4, 12, 20) x (4, 12), the second (12, 20, 28) x (12, 20); (12, 12) and
        # (20, 12) are in both. The second image has no box.
        path = ann_file([(0, 0, 24, 16, 1), (8, 8, 32, 24, 2)], [])
        found = statistics(config(), path)
        assert found['num_images'] == 2
        assert (found['num_gt'], found['num_recalled'], found['bpr']) == (2, 2, 100)
        assert found['num_positive'] == 10
        assert found['ambiguous'] == found['ambiguous_other_class'] == 20
        assert found['levels'] == [dict(stride=8, regress_range=[0, None], positives=10, boxes=2)]
        assert found['unanswered'] == []

    def test_ambiguous_within_a_category(self, ann_file):
        found = statistics(config(), ann_file([(0, 0, 24, 16, 1), (8, 8, 32, 24, 1)]))
        assert (found['ambiguous'], found['ambiguous_other_class']) == (20, 0)

    def test_three_boxes_on_one_location(self, ann_file):
        # (4, 4); the last of the boxes is the smallest.
        found = statistics(config(), ann_file([(0, 0, 8, 8, 1), (1, 1, 8, 8, 1), (0, 2, 8, 8, 2)]))
        assert (found['num_positive'], found['ambiguous'], found['ambiguous_other_class']) == (
            1, 100, 100)
        assert (found['num_gt'], found['num_recalled']) == (3, 1)
        assert found['bpr'] == pytest.approx(100 / 3)
        assert reasons(found) == {1: 'outranked', 2: 'outranked'}

    def test_boxes_count_on_each_level_that_answers(self, ann_file):
        path = ann_file([(0, 0, 64, 64, 1), (0, 0, 16, 16, 2)], size=(64, 64))
        found = statistics(config((8, 16), ((0, 36), (36, 1e8))), path)
        # Stride 8: in the large box 28 and 36 are 36 from the farther side, all others more: 4
        # locations; the small box holds 4 and 12: 4 locations. Stride 16: 8, 24, 40 and 56 are
        # at least 40 from a side of the large box: 16 locations; (8, 8) is too near for the small.
        assert found['levels'] == [
            dict(stride=8, regress_range=[0, 36], positives=8, boxes=2),
            dict(stride=16, regress_range=[36, None], positives=16, boxes=1)]
        assert (found['num_positive'], found['num_recalled'], found['ambiguous']) == (24, 2, 0)

    def test_an_unbounded_range_can_be_written_as_json(self, ann_file):
        found = statistics(config(ranges=((0, float('inf')), )), ann_file([(0, 0, 9, 9, 1)]))
        assert found['levels'][0]['regress_range'] == [0, None]
        json.loads(json.dumps(found, allow_nan=False))

    def test_the_size_of_a_box_nothing_answers_for(self, ann_file):
        # Twice as large at the input: 10, 10 to 16, 14 misses 12.
        path = ann_file([(5, 6.5, 8, 7.5, 1), (0, 0, 30, 30, 1)])
        found = statistics(config(), path, scale=(128, 96))
        assert found['unanswered'] == [dict(annotation_id=1, image_id=0, size=[3, 1],
                                            input_size=[6, 2], reason='too_small')]

    def test_crowd_boxes_do_not_count(self, ann_file):
        found = statistics(config(), ann_file([(0, 0, 8, 8, 1), (0, 0, 64, 48, 2, 'crowd')]))
        assert (found['num_gt'], found['num_positive'], found['ambiguous']) == (1, 1, 0)
        assert found['left_out']['crowd'] == 1


class TestReasons:

    @pytest.mark.parametrize('box, options, reason', [
        ((5, 5, 11, 11), {}, 'too_small'),  # between 4 and 12
        ((0, 0, 40, 40), dict(ranges=((0, 16), )), 'regress_range'),  # the center is 20 away
        # The center (8, 8) is 4 from the nearest locations.
        ((0, 0, 16, 16), dict(center_sampling_radius=0.5), 'center'),
    ])
    def test_a_single_box(self, ann_file, box, options, reason):
        assert reasons(statistics(config(**options), ann_file([(*box, 1)]))) == {1: reason}

    def test_masked_by_a_crowd(self, ann_file):
        path = ann_file([(0, 0, 8, 8, 1), (0, 0, 64, 48, 2, 'crowd')])
        assert reasons(statistics(config(crowd='mask'), path)) == {1: 'crowd'}
        assert reasons(statistics(config(crowd='ignore'), path)) == {}


@pytest.mark.parametrize('convention', ['continuous', 'pixel'])
def test_against_every_location_and_every_box(ann_file, convention):
    """Random scenes; the oracle asks every location about every box in turn."""
    generator, ranges, strides = np.random.default_rng(0), ((0, 20), (20, 1e8)), (8, 16)
    cfg = config(strides, ranges)
    cfg.model.bbox_head.box_convention = convention
    images = []
    for _ in range(12):
        corner = generator.integers(0, (50, 36), (6, 2))
        far = np.minimum(corner + generator.integers(2, 40, (6, 2)), (64, 48))
        category = generator.integers(1, 3, (6, 1))
        images.append(np.concatenate([corner, far, category], axis=1).tolist())
    found = statistics(cfg, ann_file(*images))
    expected = sum(np.array(oracle(boxes, strides, ranges, convention == 'pixel'))
                   for boxes in images)
    positive, ambiguous, other, recalled = expected.tolist()
    assert found['num_positive'] == positive > 150
    assert found['num_recalled'] == recalled < found['num_gt'] == 72
    assert found['ambiguous'] == pytest.approx(100 * ambiguous / positive)
    assert found['ambiguous_other_class'] == pytest.approx(100 * other / positive)
    assert 0 < other < ambiguous


def oracle(boxes, strides, ranges, pixel):
    """Positive, ambiguous, ambiguous of several categories, recalled boxes."""
    positive = ambiguous = other = 0
    recalled = set()
    boxes = [(x0, y0, x1 - pixel, y1 - pixel, c) for x0, y0, x1, y1, c in boxes]
    area = [(x1 - x0 + pixel) * (y1 - y0 + pixel) for x0, y0, x1, y1, _ in boxes]
    for stride, (low, high) in zip(strides, ranges):
        for y in range(stride // 2, 48, stride):
            for x in range(stride // 2, 64, stride):
                claims = [
                    index for index, (x0, y0, x1, y1, _) in enumerate(boxes)
                    if x0 < x < x1 and y0 < y < y1
                    and low <= max(x - x0, y - y0, x1 - x, y1 - y) <= high
                ]
                if claims:
                    positive += 1
                    ambiguous += len(claims) > 1
                    other += len({boxes[index][4] for index in claims}) > 1
                    recalled.add(min(claims, key=lambda index: (area[index], index)))
    return positive, ambiguous, other, len(recalled)


@pytest.mark.parametrize('change, message', [
    (dict(model=dict()), 'neither model.bbox_head nor model.rpn_head'),
    (dict(model=dict(bbox_head=dict(type='FCOSHead'))), 'model.bbox_head of the config'),
    (dict(model=dict(bbox_head=dict(type='mmdet.FCOSHead', num_classes=2, in_channels=4,
                                    feat_channels=32))), 'FCOSHead of the config is not supported'),
])
def test_configs_that_cannot_be_used(ann_file, change, message):
    with pytest.raises(UserError, match=message):
        statistics(Config(change), ann_file([(0, 0, 9, 9, 1)]))


def test_levels_and_ranges_must_agree(ann_file):
    with pytest.raises(UserError, match='1 strides .* and 2 regress ranges'):
        statistics(config(ranges=((0, 9), (9, 99))), ann_file([(0, 0, 9, 9, 1)]))


def test_the_number_of_threads_stays(ann_file):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        statistics(config(), ann_file([(0, 0, 9, 9, 1)]))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_region_proposal_network(ann_file):
    cfg = config()
    cfg.model.rpn_head = cfg.model.pop('bbox_head')
    cfg.model.train_cfg = dict(rpn=None)
    found = statistics(cfg, ann_file([(0, 0, 24, 16, 1), (8, 8, 32, 24, 2)]))
    assert (found['num_positive'], found['ambiguous_other_class']) == (10, 20)


@pytest.mark.parametrize('name, bpr, ambiguous, other_class', [
    ('FPN', 98.40, 7.14, 3.75),
    ('P4', 95.55, 23.16, 17.84),
])
def test_tables_1_and_2_as_published(real_data, name, bpr, ambiguous, other_class):
    found = statistics(load_config(CONFIGS[name]),
                       str(real_data / 'coco' / 'instances_val2017_bbox.json'), as_published=True)
    assert found['bpr'] == pytest.approx(bpr, abs=0.01)
    assert found['ambiguous'] == pytest.approx(ambiguous, abs=0.01)
    assert found['ambiguous_other_class'] == pytest.approx(other_class, abs=0.01)
