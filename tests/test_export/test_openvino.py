"""OpenVINO files against the network."""
import numpy as np
import openvino
import pytest

from fcos_mm.errors import UserError
from fcos_mm.export import openvino as writer
from fcos_mm.export.formats import FORMATS
from fcos_mm.runtime.sessions import open_session

from .fewer_bits import (
    calibration,
    error_of,
    expected_of,
    exported,
    info_of,
    inputs,
    write_known,
)

LIMITS = {'fp32': 1e-5, 'fp16': 0.005, 'bf16': 0.05, 'int8': 0.5}


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    """The files of all precisions."""
    network = exported('raw')[0]
    paths = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, 'write_onnx', write_known)
        for precision in LIMITS:
            folder = tmp_path_factory.mktemp(precision)
            paths[precision] = folder / 'model.xml'
            FORMATS['openvino'].write(network, paths[precision],
                                      info=info_of('raw', precision), calibration=calibration)
            assert sorted(one.name for one in folder.iterdir()) == ['model.bin', 'model.xml']
    return network, paths


@pytest.mark.parametrize('precision', LIMITS)
def test_close_to_the_network(written, precision):
    network, paths = written
    session = open_session(paths[precision])
    assert session.info == info_of('raw', precision)
    batch = inputs(99)
    got = session.run(batch)
    assert {value.dtype for value in got.values()} == {np.dtype(np.float32)}
    assert error_of(got, expected_of(network, batch)) < LIMITS[precision]


def test_sizes_of_the_weights(written):
    sizes = {precision: path.with_suffix('.bin').stat().st_size
             for precision, path in written[1].items()}
    assert sizes['fp32'] == sizes['bf16'] > 1.5 * sizes['fp16']


def test_exp_stays_float_in_int8(written):
    model = openvino.Core().read_model(written[1]['int8'])
    operators = {one.get_friendly_name(): one for one in model.get_ordered_ops()}
    kinds = [one.get_type_name() for one in operators.values()]
    assert 'FakeQuantize' in kinds
    waiting = [one for one in operators.values() if one.get_type_name() == 'Exp']
    assert len(waiting) == 2
    while waiting:
        for value in waiting.pop().inputs():
            maker = value.get_source_output().get_node()
            assert maker.get_type_name() != 'FakeQuantize'
            if maker.get_type_name() != 'Convolution':
                waiting.append(maker)


def test_a_failure_leaves_what_was_there(monkeypatch, tmp_path):
    monkeypatch.setattr(writer, 'write_onnx', write_known)
    for name in ('model.xml', 'model.bin'):
        (tmp_path / name).write_text('old')

    def full(*args, **kwargs):
        raise RuntimeError('No space left on device')

    monkeypatch.setattr(openvino, 'save_model', full)
    network = exported('raw')[0]
    with pytest.raises(UserError, match='cannot be written: No space left'):
        FORMATS['openvino'].write(network, tmp_path / 'model.xml', info=info_of('raw', 'fp32'))
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {
        'model.xml': 'old', 'model.bin': 'old'}
