"""What a command line names."""
import pytest
import torch

from fcos_mm.apis import named_inputs
from fcos_mm.apis.named_inputs import check_device, check_order
from fcos_mm.errors import UserError
from fcos_mm.runtime.thresholds import check_score_threshold


@pytest.mark.parametrize('named', [
    dict(config='a.py', checkpoint='b.pth'), dict(config='fcos_mm::fcos/a.py', checkpoint='b.pth'),
    dict(config='a.json', checkpoint='https://somewhere/b'), dict(config='a', checkpoint='b.tar'),
    dict(input='folder.py.d', config='a.py', checkpoint='b.PT'), dict(config='a.pkl')])
def test_orders_that_are_right(named):
    check_order(**named)


def test_the_order_is_told():
    with pytest.raises(UserError, match='^b.PTH is given as the input, but looks like a '
                       'checkpoint.\n'
                       'The order is INPUT CHECKPOINT.$'):
        check_order(input='b.PTH', checkpoint='b.pth')


@pytest.mark.parametrize('value', [0, 0.3, 1])
def test_thresholds_that_are_right(value):
    check_score_threshold(value)


@pytest.mark.parametrize('name, there', [
    (None, True), ('cpu', True), ('cuda', True), ('cuda:1', True), ('cuda:2', False),
    ('mps', False), ('gpu', False), ('1', False), ('meta', False)])
def test_devices(monkeypatch, name, there):
    monkeypatch.setattr(named_inputs, 'available_devices', lambda: ['cpu', 'cuda:0', 'cuda:1'])
    if there:
        check_device(name)
        return
    with pytest.raises(UserError, match=f'--device {name}: .*\nThis machine has cpu, cuda:0, cuda'):
        check_device(name)


def test_devices_of_this_machine():
    assert named_inputs.available_devices()[0] == 'cpu'
    assert len(named_inputs.available_devices()) == 1 + torch.cuda.device_count()
