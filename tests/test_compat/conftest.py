"""The operators under test are the PyTorch ones, whatever is installed."""
import importlib

import pytest
import torch

import fcos_mm  # noqa: F401  (before anything of mmcv's that needs operators)

MODULES = ('nms', 'roi_align', 'deform_conv')


@pytest.fixture(autouse=True)
def plain_pytorch(monkeypatch):
    """Hide torchvision from the operators."""
    for name in MODULES:
        module = importlib.import_module(f'fcos_mm.compat.ops.{name}')
        monkeypatch.setattr(module, 'torchvision_ops', lambda device_type: None)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def random():
    """A generator of random numbers, the same in every run."""
    return torch.Generator().manual_seed(0)
