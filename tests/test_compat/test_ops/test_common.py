"""Which torchvision is used, and portions of a bounded size."""
import sys
from types import ModuleType

import pytest
import torch

from fcos_mm.compat.ops.common import portions, torchvision_ops


@pytest.fixture(autouse=True)
def no_cache():
    torchvision_ops.cache_clear()
    yield
    torchvision_ops.cache_clear()


def test_torchvision_that_cannot_be_imported_is_not_used(monkeypatch):
    monkeypatch.setitem(sys.modules, 'torchvision', None)
    assert torchvision_ops('cpu') is None


@pytest.mark.parametrize('answer', [[1], RuntimeError('operator torchvision::nms does not exist')])
def test_torchvision_that_does_not_work_is_not_used(monkeypatch, answer):
    def nms(boxes, scores, iou_threshold):
        if isinstance(answer, Exception):
            raise answer
        return torch.tensor(answer)

    fake = ModuleType('torchvision')
    fake.ops = ModuleType('torchvision.ops')
    fake.ops.nms = nms
    monkeypatch.setitem(sys.modules, 'torchvision', fake)
    assert torchvision_ops('cpu') is None


@pytest.mark.parametrize('limit', [1, 2, 3, 5, 9, 100])
def test_portions_cover_all_within_the_limit(limit):
    counts = torch.tensor([2, 0, 7, 1, 1, 0, 4])
    runs = portions(counts, limit)
    assert [owner for run in runs for owner in range(7)[run]] == list(range(7))
    for run in runs:
        assert len(counts[run]) > 0
        assert counts[run].sum() < limit + counts.max()
    assert (len(runs) == 1) == (limit >= 15)


def test_portions_of_nothing():
    assert portions(torch.zeros(0, dtype=torch.long), 5) == [slice(0, 0)]
