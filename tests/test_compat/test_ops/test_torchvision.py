"""torchvision's operators, used in place of the plain ones, do the same."""
import pytest
import torch
from mmcv.ops import modulated_deform_conv2d, nms, roi_align

from fcos_mm.compat.ops import deform_conv
from fcos_mm.compat.ops import nms as suppression
from fcos_mm.compat.ops import roi_align as pooling
from fcos_mm.compat.ops.common import torchvision_ops

VISION = torchvision_ops('cpu')

pytestmark = pytest.mark.skipif(VISION is None, reason='no torchvision that works with this torch')


@pytest.fixture
def both(monkeypatch):
    """Run a function with the plain operators, then with torchvision's."""
    def run(function):
        plain = function()
        for module in (suppression, pooling, deform_conv):
            monkeypatch.setattr(module, 'torchvision_ops', lambda device_type: VISION)
        return plain, function()
    return run


@pytest.mark.parametrize('offset', [0, 1])
def test_nms(both, random, offset):
    corner = torch.rand(200, 2, generator=random) * 100
    boxes = torch.cat([corner, corner + torch.rand(200, 2, generator=random) * 60], dim=1)
    scores = (torch.rand(200, generator=random) * 50).round()
    plain, vision = both(lambda: nms(boxes, scores, 0.3, offset=offset)[1])
    assert torch.equal(plain, vision)


def test_the_threshold_is_rounded_as_the_iou_is(both):
    boxes = torch.tensor([[0., 0., 10., 1.], [0., 0., 3., 1.]])
    scores = torch.tensor([0.9, 0.8])
    for kept in both(lambda: nms(boxes, scores, 0.3)[1]):
        assert kept.tolist() == [0, 1]


@pytest.mark.parametrize('aligned', [True, False])
def test_roi_align(both, random, aligned):
    features = torch.randn(2, 3, 6, 7, generator=random, requires_grad=True)
    rois = torch.tensor([[0, 3.3, 2.2, 20.1, 21.4], [1, -7., -3., 40., 50.]])

    def run():
        output = roi_align(features, rois, (3, 2), 0.25, 0, 'avg', aligned)
        return output, *torch.autograd.grad(output.square().sum(), features)

    torch.testing.assert_close(*both(run))


def test_deform_conv(both, random):
    shapes = (2, 4, 5, 6), (2, 24, 5, 6), (2, 12, 5, 6), (4, 2, 3, 2), (4, )
    tensors = [torch.randn(shape, generator=random, requires_grad=True) for shape in shapes]

    def run():
        output = modulated_deform_conv2d(*tensors, 1, (2, 1), (2, 2), 2, 2)
        return output, *torch.autograd.grad(output.square().sum(), tensors)

    torch.testing.assert_close(*both(run), rtol=1e-4, atol=1e-4)
