"""Which torchvision is used."""
import sys
from types import ModuleType

import pytest
import torch

from fcos_mm.compat.ops.common import torchvision_ops


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
