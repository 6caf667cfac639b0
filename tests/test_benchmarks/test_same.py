"""What counts as the same answer."""
import pytest
import torch
from harness.same import close, equal, same_detections, same_losses
from mmengine.structures import InstanceData


def detections(*rows):
    """Detections from (x0, score, label); boxes are 10 pixels wide."""
    x, scores, labels = (torch.tensor(column) for column in zip(*rows, strict=True))
    boxes = torch.stack([x, x, x + 10, x + 10], dim=1).float()
    return InstanceData(bboxes=boxes, scores=scores.float(), labels=labels)


TWO = detections((0., .9, 1), (50., .8, 2))


@pytest.mark.parametrize('other, difference', [
    (detections((0., .9, 1), (50., .8, 2)), ''),
    (detections((50., .8, 2), (0., .9, 1)), ''),  # another order
    (detections((0.0005, .90005, 1), (50., .8, 2)), ''),  # within the tolerances
    (detections((0.01, .9, 1), (50., .8, 2)), '1 of 2'),
    (detections((0., .91, 1), (50., .8, 2)), '1 of 2'),
    (detections((0., .9, 2), (50., .8, 2)), '1 of 2'),
    (detections((0., .9, 1)), '2 and 1'),
    (detections((0., .9, 1), (0., .9, 1)), '1 of 2'),
])
def test_detections(other, difference):
    found = same_detections([TWO], [other])
    assert difference in found and bool(found) == bool(difference)


def test_twins_need_a_like_each():
    twins = detections((0., .9, 1), (0., .9, 1))
    assert same_detections([twins], [twins]) == ''
    assert '1 of 2' in same_detections([twins], [TWO])


def test_losses():
    one = dict(loss_cls=torch.tensor(1.))
    assert same_losses(one, dict(loss_cls=torch.tensor(1.000001))) == ''
    assert 'loss_cls by 0.0001' in same_losses(one, dict(loss_cls=torch.tensor(1.0001)))
    assert 'losses' in same_losses(one, dict(loss_bbox=torch.tensor(1.)))
    assert same_losses(dict(one, above_floor=torch.tensor(5.)), one) == ''
    assert 'loss_cls' in same_losses(dict(loss_cls=torch.tensor(float('nan'))), one)


def test_tensors():
    assert equal('labels', torch.tensor([1, 2]), torch.tensor([1, 2])) == ''
    assert equal('labels', torch.tensor([1, 2]), torch.tensor([1, 3])) == '1 of 2 labels'
    assert 'shape' in equal('labels', torch.zeros(2), torch.zeros(1, 2))
    assert close('g', torch.tensor([0., 100.]), torch.tensor([1., 100.]), rtol=0, atol=0.01) == ''
    assert 'by 1' in close('g', torch.tensor([0., 1.]), torch.tensor([1., 1.]), rtol=0, atol=.1)
