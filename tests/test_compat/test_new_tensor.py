"""A number becomes a tensor on its device, without a copy from the host."""
import pytest
import torch

from fcos_mm.compat.new_tensor import FillNewTensors


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.int64])
def test_the_same_tensor_without_a_list(no_waiting, dtype):
    tensor = torch.ones(3, dtype=dtype, requires_grad=dtype.is_floating_point)
    expected = tensor.new_tensor([2])
    with no_waiting() as watch, FillNewTensors():
        found = tensor.new_tensor([2])
    assert torch.equal(found, expected) and found.dtype == dtype and not found.requires_grad
    assert not watch.from_lists


@pytest.mark.parametrize('values', [[1, 2], [], 3, [[1]]])
def test_other_values_are_torchs(values):
    with FillNewTensors():
        found = torch.ones(3).new_tensor(values)
    assert torch.equal(found, torch.ones(3).new_tensor(values))
