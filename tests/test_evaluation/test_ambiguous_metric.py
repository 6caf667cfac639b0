"""Detections from ambiguous locations, counted by hand and by asking every location."""
import json
import math
import pickle

import pytest
import torch
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.registry import METRICS as ROOT
from mmengine.registry import DefaultScope

from fcos_mm.errors import UserError
from fcos_mm.evaluation import AmbiguousDetectionMetric

HEAD = dict(type='FCOSHead', num_classes=2, in_channels=4, feat_channels=4, stacked_convs=1,
            strides=(8, 16), norm_cfg=dict(type='GN', num_groups=1),
            postprocess=dict(type='LocatedPostProcessor'),
            assigner=dict(type='FCOSAssigner', regress_ranges=((0, 16), (16, 1e8))))

# At the network's size, twice these: P3 has locations at 4, 12, 20, 28. The first cup's box holds
# 0, 1, 4, 5 of them (row by row), the jar's 5, 6, 9, 10, the second cup's 4, 5, 8, 9.
SCENE = [[0, 0, 8, 8], [4, 4, 12, 12], [0, 4, 8, 12]]
LABELS = [0, 1, 0]
#: Location 16 is the first of P4, whose regress range has no box.
LOCATIONS, SCORES = [0, 4, 5, 9, 16, 5], [.9, .8, .7, .6, .5, .1]


def sample(boxes=SCENE, labels=LABELS, locations=LOCATIONS, scores=SCORES, **changes):
    """What the evaluator hands over of an image tested at twice its size."""
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    none = dict(bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long())
    found = dict(locations=torch.tensor(locations).long(), scores=torch.tensor(scores))
    facts = dict(img_id=7, batch_input_shape=(32, 32), scale_factor=(2., 2.), pred_instances=found,
                 gt_instances=dict(bboxes=boxes, labels=torch.tensor(labels).long()),
                 ignored_instances=none)
    return {**facts, **changes}


def shares(*samples, **options):
    metric = AmbiguousDetectionMetric(head=options.pop('head', HEAD), **options)
    metric.process({}, list(samples))
    result = metric.evaluate(size=len(samples))
    return tuple(result[f'ambiguous_detections/{name}']
                 for name in ('ambiguous', 'ambiguous_other_class'))


def test_by_hand():
    """4, 5, 9 and 5 are claimed twice or more, 4 only by cups: 4 of 6, 3 of 6."""
    assert shares(sample()) == (pytest.approx(100 * 4 / 6), 50)


def test_only_detections_with_a_score():
    assert shares(sample(), score_thr=0.5) == (pytest.approx(60), pytest.approx(40))


def test_pooled_over_the_images():
    """Six detections, and two of an image without a box: 4 of 8."""
    empty = sample(boxes=[], labels=[], locations=[1, 5], scores=[.5, .5])
    assert shares(sample(), empty) == (50, 37.5)


def test_nothing_detected():
    assert all(math.isnan(share) for share in shares(sample(locations=[], scores=[])))


def test_without_any_box_nothing_is_known():
    """As where the annotations of a test set are kept secret."""
    assert all(math.isnan(share) for share in shares(sample(boxes=[], labels=[])))


def test_boxes_as_mmdet_packs_them():
    boxes = HorizontalBoxes(torch.tensor(SCENE, dtype=torch.float32))
    packed = dict(bboxes=boxes, labels=torch.tensor(LABELS))
    assert shares(sample(gt_instances=packed))[1] == 50


def test_a_padded_batch_has_more_locations():
    """Five columns instead of four: what was location 5 is 6 now."""
    wide = sample(batch_input_shape=(32, 36), locations=[6, 5], scores=[.5, .5])
    assert shares(wide) == (100, 50)  # 5 is below the first location: both cups


def test_crowds_claim_nothing_and_take_locations_out_under_mask():
    crowd = dict(bboxes=torch.tensor([[4., 4, 8, 8]]), labels=torch.tensor([0]))
    assert shares(sample(ignored_instances=crowd))[1] == 50
    masked = dict(HEAD, assigner=dict(HEAD['assigner'], crowd='mask'))
    assert shares(sample(ignored_instances=crowd), head=masked)[1] == pytest.approx(100 / 6)


@pytest.mark.parametrize('radius', [None, 1.5])
def test_equals_asking_every_location(radius):
    """Random boxes, every location, every box, both conditions of Sec. 3.1."""
    generator = torch.Generator().manual_seed(1)
    center, side = (torch.rand(12, 2, generator=generator) * 64 for _ in range(2))
    boxes = torch.cat([center - side / 2, center + side / 2], dim=1)
    labels = torch.randint(0, 2, (12, ), generator=generator)
    count = 16 * 16 + 8 * 8
    head = dict(HEAD, assigner=dict(HEAD['assigner'], center_sampling_radius=radius))
    result = shares(sample(boxes.tolist(), labels.tolist(), range(count), [.5] * count,
                           batch_input_shape=(128, 128)), head=head)
    claimed = list(claims((2 * boxes).tolist(), labels.tolist(), 128, radius))
    several = sum(len(names) > 1 for names in claimed)
    different = sum(len(set(names)) > 1 for names in claimed)
    assert result == (pytest.approx(100 * several / count), pytest.approx(100 * different / count))
    assert 10 < different < several < count


def claims(boxes, labels, side, radius):
    """Yield the categories of the boxes that claim each location of a square image."""
    for stride, (low, high) in ((8, (0, 16)), (16, (16, math.inf))):
        for y in range(stride // 2, side, stride):
            for x in range(stride // 2, side, stride):
                names = []
                for (x0, y0, x1, y1), label in zip(boxes, labels):
                    sides = (x - x0, y - y0, x1 - x, y1 - y)
                    off = max(abs(x - (x0 + x1) / 2), abs(y - (y0 + y1) / 2))
                    near = radius is None or off < radius * stride
                    if near and min(sides) > 0 and low <= max(sides) <= high:
                        names.append(label)
                yield names


@pytest.fixture
def crowded_data(tiny_data, tmp_path):
    """The annotations of the tiny data with a jar as large as each picture."""
    known = json.loads((tiny_data / 'val.json').read_text())
    for image in (1, 2):
        known['annotations'].append(dict(
            id=100 + image, image_id=image, category_id=20, bbox=[0, 0, 64, 48], area=64 * 48,
            iscrowd=0))
    path = tmp_path / 'crowded.json'
    path.write_text(json.dumps(known))
    return path


CONFIG = '''
model = dict(bbox_head=dict(postprocess=dict(type='{kind}'), assigner=dict(
    regress_ranges=((0, 1e8), ) * 5)), test_cfg=dict(max_per_img=100))
val_dataloader = dict(dataset=dict(ann_file='{path}'))
test_dataloader = val_dataloader
head = dict(
    type='FCOSHead', num_classes=2, in_channels=16, feat_channels=16, stacked_convs=1,
    strides=(8, 16, 32, 64, 128), conv_bias=True,
    norm_cfg=dict(type='GN', num_groups=4, requires_grad=True),
    assigner=dict(type='FCOSAssigner', regress_ranges=((0, 1e8), ) * 5))
val_evaluator = [dict(type='CocoMetric', ann_file='{path}', metric='bbox'),
                 dict(type='AmbiguousDetectionMetric', head=head)]
test_evaluator = val_evaluator
'''


def test_by_the_tool(test_tool, crowded_data, tmp_path):
    """The large jar shares each location of a cup (ambiguous) and of a jar (of the same class)."""
    out = tmp_path / 'found.pkl'
    figures = test_tool(CONFIG.format(kind='LocatedPostProcessor', path=crowded_data),
                        '--out', str(out))
    known = json.loads(crowded_data.read_text())['annotations']
    counts = [0, 0, 0]
    for image in pickle.loads(out.read_bytes()):
        mine = [box for box in known if box['image_id'] == image['img_id']]
        for place in image['pred_instances']['locations'].tolist():
            x, y = point(place)
            names = [box['category_id'] for box in mine
                     if box['bbox'][0] < x < box['bbox'][0] + box['bbox'][2]
                     and box['bbox'][1] < y < box['bbox'][1] + box['bbox'][3]]
            counts = [counts[0] + 1, counts[1] + (len(names) > 1),
                      counts[2] + (len(set(names)) > 1)]
    assert 0 < counts[2] < counts[1] < counts[0]
    assert figures['ambiguous_detections/ambiguous'] == pytest.approx(100 * counts[1] / counts[0])
    assert figures['ambiguous_detections/ambiguous_other_class'] == pytest.approx(
        100 * counts[2] / counts[0])


def point(place):
    """Where a location of a 64 x 48 picture is."""
    for stride in (8, 16, 32, 64, 128):
        rows, columns = -(-48 // stride), -(-64 // stride)
        if place < rows * columns:
            row, column = divmod(place, columns)
            return column * stride + stride // 2, row * stride + stride // 2
        place -= rows * columns


def test_the_tool_says_what_is_missing(test_tool, crowded_data):
    with pytest.raises(UserError, match="postprocess.type='fcos_mm.LocatedPostProcessor'"):
        test_tool(CONFIG.format(kind='FCOSPostProcessor', path=crowded_data))


def test_what_is_missing_is_said():
    for key in ('gt_instances', 'ignored_instances'):
        with pytest.raises(UserError, match='Image 7 was tested without ground truth'):
            shares(sample(**{key: None}))
    with pytest.raises(UserError, match='Image a.jpg: location 20 .* not among the 20'):
        shares(sample(locations=[20], scores=[.5], img_path='a.jpg'))
    with DefaultScope.overwrite_default_scope('fcos_mm'):
        with pytest.raises(UserError, match='needs an FCOS head, got RetinaHead'):
            ROOT.build(dict(type='AmbiguousDetectionMetric', head=dict(
                type='RetinaHead', num_classes=2, in_channels=4)))
