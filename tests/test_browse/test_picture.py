"""The numbers of a picture, against the rule of Sec. 3.1 and 3.2 asked location by location."""
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.config import Config
from mmengine.structures import InstanceData

from fcos_mm.analysis.heads import build_samples
from fcos_mm.browse.panels import PANELS, example_location, panels_of
from fcos_mm.browse.picture import Picture
from fcos_mm.browse.samples import Sample

CLASSES = ('cup', 'jar')
#: Two that overlap and one that lies between the locations, in an input of 64 x 48.
BOXES = [[6, 6, 42, 40], [14, 10, 60, 46], [1, 1, 3, 3]]
STRIDES = (8, 16, 32, 64, 128)
RANGES = ((0, 30), (30, 40), (40, 256), (256, 512), (512, float('inf')))


@pytest.fixture(scope='module')
def cfg(tiny_config):
    cfg = Config.fromfile(tiny_config)
    cfg.model.bbox_head.assigner.regress_ranges = RANGES
    return cfg


def make(cfg, boxes=BOXES, samples='fcos', crowd=()):
    labels = torch.arange(len(boxes)) % 2
    data = DetDataSample(
        gt_instances=InstanceData(bboxes=HorizontalBoxes(torch.tensor(boxes).float().view(-1, 4)),
                                  labels=labels),
        metainfo=dict(img_path='a/cups.png', img_id=7, img_shape=(48, 64)))
    if crowd:
        data.ignored_instances = InstanceData(
            bboxes=HorizontalBoxes(torch.tensor(crowd).float().view(-1, 4)))
    packed = dict(inputs=torch.full((3, 48, 64), 200, dtype=torch.uint8), data_samples=data)
    return Picture(cfg, Sample('cups.png', 7, packed), CLASSES,
                   build_samples(cfg) if samples == 'fcos' else None)


def rule():
    """For each location in order: its point, its level, and the boxes that claim it."""
    for level, (stride, (low, high)) in enumerate(zip(STRIDES, RANGES)):
        for row in range(-(-48 // stride)):
            for column in range(-(-64 // stride)):
                x, y = stride // 2 + column * stride, stride // 2 + row * stride
                sides = [(x - x0, y - y0, x1 - x, y1 - y) for x0, y0, x1, y1 in BOXES]
                yield level, sides, [box for box, each in enumerate(sides)
                                     if min(each) > 0 and low <= max(each) <= high]


def test_positives_of_each_level(cfg):
    expected = [0] * 5
    for level, _, claims in rule():
        expected[level] += bool(claims)
    numbers = make(cfg).numbers()
    assert numbers['levels'] == dict(zip(['P3', 'P4', 'P5', 'P6', 'P7'], expected))
    assert min(expected[:3]) > 0  # or the scene shows nothing
    assert numbers['positives'] == sum(expected)


def test_ambiguous_samples(cfg):
    picture = make(cfg)
    expected = [index for index, (*_, claims) in enumerate(rule()) if len(claims) > 1]
    assert expected and picture.ambiguous.tolist() == expected
    numbers = picture.numbers()
    assert numbers['ambiguous'] == len(expected)
    assert numbers['ambiguous_share'] == pytest.approx(100 * len(expected) / numbers['positives'])


def test_center_ness_and_the_smallest_box(cfg):
    scene = make(cfg).scene
    for index, (_, sides, claims) in enumerate(rule()):
        if not claims:
            assert scene.gt_index[index] == -1 and np.isnan(scene.target[index])
            continue
        assert scene.gt_index[index] == min(claims)  # box 0 is the smaller one
        left, top, right, bottom = sides[min(claims)]
        expected = (min(left, right) / max(left, right) * min(top, bottom) / max(top, bottom))**0.5
        assert scene.target[index] == pytest.approx(expected)


def test_a_missed_box_is_named(cfg):
    picture = make(cfg)
    assert picture.missed == [2]
    box, = picture.numbers()['missed']
    assert box == dict(name='cup', box=[1, 1, 3, 3],
                       reason='falls between the locations: too small for the strides')


def test_what_is_said_of_the_picture(cfg):
    cfg = cfg.copy()
    cfg.model.data_preprocessor.pad_size_divisor = 32
    numbers = make(cfg).numbers()
    assert (numbers['name'], numbers['image_id']) == ('cups.png', 7)
    assert (numbers['width'], numbers['height'], numbers['padded']) == (64, 48, [64, 64])
    assert numbers['boxes'] == 3 and numbers['classes'] == {'cup': 2, 'jar': 1}


def test_locations_in_crowds_are_no_positives_where_the_config_masks_them(cfg):
    cfg = cfg.copy()
    cfg.model.bbox_head.assigner.crowd = 'mask'
    numbers = make(cfg, crowd=[[0, 0, 64, 48]]).numbers()
    assert numbers['positives'] == numbers['ambiguous'] == 0
    assert len(numbers['missed']) == 3


def test_a_picture_without_boxes(cfg):
    picture = make(cfg, boxes=[])
    numbers = picture.numbers()
    assert (numbers['positives'], numbers['ambiguous_share'], numbers['missed']) == (0, 0, [])
    assert example_location(picture) is None


def test_another_head_has_boxes_alone(cfg):
    picture = make(cfg, samples=None)
    assert [panel.title for panel in panels_of(picture)] == ['Boxes']
    assert panels_of(make(cfg)) == list(PANELS)
    assert {*picture.numbers()} == {'name', 'image_id', 'width', 'height', 'padded', 'boxes',
                                    'classes'}


def test_the_example_is_a_location_of_the_largest_box_off_its_middle(cfg):
    picture = make(cfg)
    example = example_location(picture)
    scene = picture.scene
    assert scene.gt_index[example] == 1
    others = scene.target[scene.gt_index == 1]
    assert abs(scene.target[example] - 0.5) == np.abs(others - 0.5).min()
