"""Padding, crowd boxes and the two box conventions."""
import torch
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.structures import InstanceData

from fcos_mm.models import pad_ground_truth


def instances(*boxes):
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    return InstanceData(bboxes=boxes, labels=torch.arange(len(boxes)) + 1)


def test_padding_has_no_area():
    truth = pad_ground_truth([instances((0, 0, 4, 5), (1, 1, 2, 2)), instances()])
    assert truth.boxes.shape == (2, 2, 4)
    assert truth.areas.tolist() == [[20, 1], [0, 0]]
    assert truth.labels.tolist() == [[1, 2], [0, 0]]
    assert truth.crowd.shape == (2, 0, 4)


def test_no_box_in_the_whole_batch():
    assert pad_ground_truth([instances(), instances()]).boxes.shape == (2, 1, 4)


def test_crowd_boxes():
    truth = pad_ground_truth([instances()] * 2, [instances((0, 0, 9, 9)), instances()])
    assert truth.crowd.tolist() == [[[0, 0, 9, 9]], [[0, 0, 0, 0]]]
    # mmdet hands over None for a sample without ignored instances.
    truth = pad_ground_truth([instances()] * 2, [instances((0, 0, 9, 9)), None])
    assert truth.crowd.tolist() == [[[0, 0, 9, 9]], [[0, 0, 0, 0]]]
    assert pad_ground_truth([instances()] * 2, [None, None]).crowd.shape == (2, 0, 4)


def test_mmdet_box_types():
    wrapped = InstanceData(
        bboxes=HorizontalBoxes(torch.tensor([[0., 0, 4, 5]])), labels=torch.tensor([3]))
    assert pad_ground_truth([wrapped]).boxes.tolist() == [[[0, 0, 4, 5]]]


def test_pixel_convention_by_hand():
    # A box of 10 x 10 original pixels at twice (thrice in y) the size: its last original
    # pixel begins at 2 * 9 and 3 * 9; width and height count one network pixel more.
    truth = pad_ground_truth([instances((0, 0, 20, 30))],
                             img_metas=[dict(scale_factor=(2., 3.))], box_convention='pixel')
    assert truth.boxes.tolist() == [[[0, 0, 18, 27]]]
    assert truth.areas.tolist() == [[19 * 28]]
