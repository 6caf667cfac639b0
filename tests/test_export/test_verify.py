"""Comparison of a file with its network; files are stood in for by functions."""
import dataclasses

import numpy as np
import pytest

from fcos_mm.errors import UserError
from fcos_mm.export import ExportNetwork
from fcos_mm.export import verify as module
from fcos_mm.export.verify import other_sizes, reference, verify

from .conftest import detector, info


@pytest.fixture(scope='module', params=['raw', 'decoded', 'nms'])
def network(request):
    return ExportNetwork(detector(), request.param)


@pytest.fixture
def inputs(images):
    return [dict(images=images[0].numpy(), sizes=np.array(images[1], np.float32))]


def compared(monkeypatch, network, inputs, change=lambda outputs: outputs, precision='fp32',
             own=None):
    """Compare with a file that changes the outputs of the network."""
    given = info(shape=(2, 96, 128), mode=network.mode)
    given = dataclasses.replace(given, precision=precision)

    class Session:
        info = own or given

        def run(self, batch):
            return change({name: value.copy() for name, value in
                           reference(network, batch).items()})

    monkeypatch.setattr(module, 'open_session', lambda path: Session())
    return verify(network, 'model.onnx', inputs, info=given)


def shifted(outputs, by):
    return {name: value + by if name.startswith(('boxes', 'distances')) else value
            for name, value in outputs.items()}


def scaled(outputs, by):
    return {name: value * by if name.startswith(('scores', 'cls')) else value
            for name, value in outputs.items()}


def test_equal(monkeypatch, network, inputs):
    found = compared(monkeypatch, network, inputs)
    assert found.score == found.box == found.lost == 0
    assert found.pictures == 2 and found.same == found.shown > 0
    if network.mode == 'nms':
        assert found.detections == 40


def test_small_differences(monkeypatch, network, inputs):
    found = compared(monkeypatch, network, inputs, lambda outputs: shifted(outputs, 0.03))
    assert found.box == pytest.approx(0.03, rel=0.1)
    found = compared(monkeypatch, network, inputs, lambda outputs: scaled(outputs, 1 + 1e-5))
    assert 0 < found.score < 1e-4


@pytest.mark.parametrize('change, words', [
    (lambda outputs: shifted(outputs, 0.2), 'a box differs by 0.2 px'),
    (lambda outputs: scaled(outputs, 1.01), 'a score differs by'),
    (lambda outputs: shifted(outputs, 60), 'a box differs|by one of both only'),
    (lambda outputs: shifted(outputs, np.nan), 'differs|by one of both only'),
])
def test_large_differences(change, words, monkeypatch, network, inputs):
    with pytest.raises(UserError, match=words) as error:
        compared(monkeypatch, network, inputs, change)
    assert 'Nothing was written' in str(error.value)


@pytest.mark.parametrize('precision', ['fp16', 'int8'])
def test_low_precision_may_differ_by_more(precision, monkeypatch, network, inputs):
    found = compared(monkeypatch, network, inputs, lambda outputs: scaled(
        shifted(outputs, 0.2), 1.01), precision)
    assert found.score > 1e-4 and found.box > 0.05
    with pytest.raises(UserError, match='detections are the same'):
        compared(monkeypatch, network, inputs, lambda outputs: shifted(outputs, 200), precision)


def test_other_metadata(monkeypatch, network, inputs):
    with pytest.raises(UserError, match='metadata'):
        compared(monkeypatch, network, inputs, own=info(mode='raw', shape=(9, 9, 9)))


@pytest.mark.parametrize('shape, expected', [
    ((0, 0, 0), [(1, 96, 64), (2, 48, 128)]), ((3, 0, 0), [(3, 96, 64), (3, 48, 128)])])
def test_other_sizes(shape, expected, inputs):
    found = list(other_sizes(inputs[0], info(shape=shape)))
    assert [(len(one['images']), *one['images'].shape[2:]) for one in found] == expected
    assert [one['sizes'].tolist() for one in found] == [[[h, w]] * b for b, h, w in expected]
