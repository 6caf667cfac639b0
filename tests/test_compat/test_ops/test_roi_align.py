"""RoI align against loops over samples, and its gradients."""
import math

import pytest
import torch
from mmcv.ops import roi_align
from torch.autograd import gradcheck

from fcos_mm.compat.ops import roi_align as plain

# image, x0, y0, x1, y1: inside, over two borders, tiny, far outside, whole cells
ROIS = torch.tensor([[0, 3.3, 2.2, 20.1, 21.4], [1, -7., -3., 40., 50.], [1, 5., 5., 5.5, 5.2],
                     [0, 90., 90., 99., 99.], [0, 0., 0., 16., 16.]], dtype=torch.double)


def sample(plane, y, x):
    """Bilinear value between cells; the border goes on for one cell."""
    height, width = len(plane), len(plane[0])
    if y < -1 or y > height or x < -1 or x > width:
        return 0.0
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    return sum(value * max(0, 1 - abs(y - row)) * max(0, 1 - abs(x - column))
               for row, values in enumerate(plane) for column, value in enumerate(values))


def slow_roi_align(plane, roi, size, scale, ratio, mode, aligned):
    """(bins along y, bins along x) of one region (x0, y0, x1, y1) in one plane."""
    x0, y0, x1, y1 = (float(edge) * scale - (0.5 if aligned else 0) for edge in roi)
    extent = [y1 - y0, x1 - x0]
    if not aligned:
        extent = [max(side, 1.0) for side in extent]
    step = [side / bins for side, bins in zip(extent, size, strict=True)]
    grid = [ratio or math.ceil(side) for side in step]
    result = []
    for row in range(size[0]):
        result.append([])
        for column in range(size[1]):
            samples = [
                sample(plane, y0 + step[0] * (row + (i + 0.5) / grid[0]),
                                 x0 + step[1] * (column + (j + 0.5) / grid[1]))
                for i in range(grid[0]) for j in range(grid[1])]
            result[-1].append(max(samples, default=0.0) if mode == 'max' else
                              sum(samples) / max(len(samples), 1))
    return result


def test_by_hand():
    # one bin over cells 0..2 of both axes: the mean of a plane is its middle
    plane = torch.arange(16.).view(1, 1, 4, 4)
    region = torch.tensor([[0, 0.5, 0.5, 2.5, 2.5]])
    assert roi_align(plane, region, (1, 1), 1.0, 2, 'avg', True).item() == 5.0
    # the largest sample lies at y = x = 1.5: 1.5 * 4 + 1.5
    assert roi_align(plane, region, (1, 1), 1.0, 2, 'max', True).item() == 7.5


@pytest.mark.parametrize('at, expected', [(-1.01, 0), (-1, 1), (0, 1), (3, 4), (4, 4), (4.01, 0)])
def test_the_border_goes_on_for_one_cell(at, expected):
    # one sample in the middle of the region, at y = x = `at`, on a plane of 4 x 4
    plane = (torch.arange(4.)[:, None] + 1).expand(1, 1, 4, 4)
    for region in ((at - 1, 0, at + 1, 2), (0, at - 1, 2, at + 1)):
        roi = torch.tensor([[0, *region]])
        result = roi_align(plane.mT if region[1] == 0 else plane, roi, (1, 1), 1.0, 1, 'avg', False)
        assert result.item() == expected


@pytest.mark.parametrize('mode', ['avg', 'max'])
@pytest.mark.parametrize('ratio', [0, 1, 3])
@pytest.mark.parametrize('aligned', [True, False])
def test_equals_the_slow_version(random, mode, ratio, aligned):
    features = torch.randn(2, 2, 6, 7, dtype=torch.double, generator=random)
    result = roi_align(features, ROIS, (3, 2), 0.25, ratio, mode, aligned)
    expected = [[slow_roi_align(plane.tolist(), roi[1:], (3, 2), 0.25, ratio, mode, aligned)
                 for plane in features[int(roi[0])]] for roi in ROIS]
    torch.testing.assert_close(result, torch.tensor(expected, dtype=torch.double))


@pytest.mark.parametrize('mode', ['avg', 'max'])
@pytest.mark.parametrize('ratio', [0, 2])
@pytest.mark.parametrize('aligned', [True, False])
def test_gradient(random, mode, ratio, aligned):
    features = torch.randn(2, 2, 5, 6, dtype=torch.double, generator=random, requires_grad=True)
    assert gradcheck(
        lambda features: roi_align(features, ROIS, (2, 3), 0.25, ratio, mode, aligned),
        (features, ))


@pytest.mark.parametrize('mode', ['avg', 'max'])
def test_portions_change_nothing(random, monkeypatch, mode):
    features = torch.randn(2, 2, 6, 7, generator=random)
    at_once = roi_align(features, ROIS.float(), (3, 2), 0.25, 0, mode, True)
    monkeypatch.setattr(plain, 'POINTS_AT_ONCE', 10)
    monkeypatch.setattr(plain, 'NUMBERS_AT_ONCE', 20)
    assert torch.equal(roi_align(features, ROIS.float(), (3, 2), 0.25, 0, mode, True), at_once)


@pytest.mark.parametrize('mode', ['avg', 'max'])
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_only_at_the_end(random, mode, dtype):
    features = torch.randn(2, 2, 6, 7, generator=random).to(dtype).requires_grad_()
    rois = torch.tensor([[0, 0., 0., 16., 16.], [1, 4., 4., 12., 20.]])
    result = roi_align(features, rois.to(dtype), (2, 2), 0.25, 0, mode, True)
    exact = roi_align(features.float(), rois, (2, 2), 0.25, 0, mode, True)
    assert torch.equal(result, exact.to(dtype))
    result.sum().backward()
    assert features.grad.dtype == dtype and features.grad.sum().item() == pytest.approx(16, 0.02)


@pytest.mark.parametrize('mode', ['avg', 'max'])
def test_no_regions_and_empty_regions(mode):
    features = torch.ones(1, 3, 4, 4, requires_grad=True)
    none = roi_align(features, torch.zeros(0, 5), (2, 2), 1.0, 0, mode, True)
    assert none.shape == (0, 3, 2, 2)
    point = roi_align(features, torch.tensor([[0, 1., 1., 1., 1.]]), (2, 2), 1.0, 0, mode, True)
    assert point.shape == (1, 3, 2, 2) and not point.any()
    (none.sum() + point.sum()).backward()
    assert not features.grad.any()


def test_items_know_their_owners():
    owner, place = plain._expand(torch.tensor([2, 0, 3]))
    assert owner.tolist() == [0, 0, 2, 2, 2]
    assert place.tolist() == [0, 1, 0, 1, 2]
