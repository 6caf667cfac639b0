"""Which boxes are in which group, and where a detection belongs that finds no box."""
import numpy as np

from fcos_mm.evaluation.box_groups import by_coco_area, by_overlap, by_position, by_side
from fcos_mm.evaluation.matcher import Pairs


def members(groups, part):
    """Names of the groups of each box or detection."""
    return [[name for name, inside in zip(groups.names, row) if inside]
            for row in getattr(groups, part)]


def pairs(*rows):
    found, known, ious = zip(*rows) if rows else ((), (), ())
    return Pairs(np.array(found, dtype=int), np.array(known, dtype=int), np.array(ious))


def test_coco_counts_the_limits_twice():
    groups = by_coco_area(np.array([1., 1024, 1025, 9216, 1e6]), np.array([1023.9]))
    assert members(groups, 'boxes') == [['small'], ['small', 'medium'], ['medium'],
                                        ['medium', 'large'], ['large']]
    assert members(groups, 'detections') == [['small']]


def test_equally_many_of_each_side():
    sides, crowd = np.array([10., 20, 30, 40, 50, 900]), np.array([0, 0, 0, 0, 0, 1], dtype=bool)
    groups = by_side(sides, np.array([1., 29, 30, 31, 99]), crowd, most=2)
    assert groups.names == ('10 to 30 px', '30 to 50 px')
    assert groups.boxes[:5].sum(0).tolist() == [2, 3]
    assert groups.detections[:, 1].tolist() == [False, False, True, True, True]


def test_boxes_of_one_size_are_one_group():
    groups = by_side(np.array([8., 8]), np.array([3., 8, 9]), np.zeros(2, dtype=bool))
    assert groups.names == ('8 px', ) and groups.boxes.all() and groups.detections.all()


def test_overlap_with_other_boxes():
    """A detection belongs to the box it overlaps most, or to those that are alone."""
    overlap = np.array([.2, .5, .5, .51, 0, .51])
    detections = pairs((0, 3, .3), (0, 4, .1), (1, 4, .1), (2, 2, .4), (2, 0, .39))
    groups = by_overlap(overlap, detections, 4)
    assert members(groups, 'boxes') == [
        ['up to 0.2'], ['0.2 to 0.5'], ['0.2 to 0.5'], ['above 0.5'], ['none'], ['above 0.5']]
    assert members(groups, 'detections') == [['above 0.5'], ['none'], ['0.2 to 0.5'], ['none']]


def test_position():
    groups = by_position(np.array([[0, 0], [.5, .1], [.9, .5], [1, 1]]), np.array([[.1, 1.2]]))
    assert members(groups, 'boxes') == [['top left'], ['top center'], ['middle right'],
                                        ['bottom right']]
    assert members(groups, 'detections') == [['bottom left']]
    assert groups.names[4] == 'middle center'
