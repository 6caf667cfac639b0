"""ONNX files with fewer bits on onnxruntime."""
import numpy as np
import onnx
import pytest

from fcos_mm.errors import UserError
from fcos_mm.export import precision
from fcos_mm.export.formats import FORMATS
from fcos_mm.runtime.info import ModelInfo
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


@pytest.fixture(params=['fp16', 'int8'])
def written(request, monkeypatch, tmp_path):
    network = exported('raw')[0]
    monkeypatch.setattr(precision, 'write_onnx', write_known)
    path, info = tmp_path / 'model.onnx', info_of('raw', request.param)
    FORMATS['onnx'].write(network, path, info=info, calibration=calibration)
    assert [one.name for one in tmp_path.iterdir()] == ['model.onnx']
    return network, path, info


def test_close_to_the_network(written):
    network, path, info = written
    session = open_session(path)
    assert session.info == info and isinstance(session.info, ModelInfo)
    batch = inputs(99)
    got = session.run(batch)
    assert {value.dtype for value in got.values()} == {np.dtype(np.float32)}
    limit = {'fp16': 0.005, 'int8': 0.5}[info.precision]
    assert 0 < error_of(got, expected_of(network, batch)) < limit


def test_layers_have_fewer_bits_and_exp_has_not(written):
    _, path, info = written
    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    weights = {one.name: one for one in model.graph.initializer}
    kinds = [node.op_type for node in model.graph.node]
    types = {one.name: one.type.tensor_type.elem_type for one in model.graph.value_info}
    types.update({one.name: one.type.tensor_type.elem_type for one in model.graph.output})
    exps = {node.output[0] for node in model.graph.node if node.op_type == 'Exp'}
    assert len(exps) == 2 and {types[name] for name in exps} == {onnx.TensorProto.FLOAT}
    followers = [node for node in model.graph.node if exps & {*node.input}]
    assert {types[node.output[0]] for node in followers} <= {onnx.TensorProto.FLOAT}
    if info.precision == 'fp16':
        assert {weights[node.input[1]].data_type for node in model.graph.node
                if node.op_type == 'Conv'} == {onnx.TensorProto.FLOAT16}
        return
    integers = [one for one in weights.values() if one.data_type == onnx.TensorProto.INT8
                and len(one.dims) == 4]
    # All but the predictors of class, distances and quality of two levels.
    assert len(integers) == len({node.input[1] for node in model.graph.node
                                 if node.op_type == 'Conv'}) - 3
    assert 'QuantizeLinear' in kinds


@pytest.mark.parametrize('kind', ['onnx', 'openvino'])
def test_too_few_pictures_leave_nothing(kind, tmp_path):
    with pytest.raises(UserError, match='at least 8 pictures'):
        FORMATS[kind].write(exported('raw')[0], tmp_path / f'model{FORMATS[kind].ending}',
                            info=info_of('raw', 'int8'), calibration=lambda: iter([inputs()]))
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_what_was_there(monkeypatch, tmp_path):
    path = tmp_path / 'model.onnx'
    path.write_text('old')
    monkeypatch.setattr(precision, 'write_onnx', write_known)

    def stop():
        yield from calibration()
        raise KeyboardInterrupt

    network = exported('raw')[0]
    with pytest.raises(KeyboardInterrupt):
        FORMATS['onnx'].write(network, path, info=info_of('raw', 'int8'), calibration=stop)
    assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('name, mode, precision, words', [
    ('onnx', 'nms', 'bf16', '--format openvino'),
    ('torchscript', 'nms', 'fp32', '--mode decoded'),
    ('torchscript', 'decoded', 'int8', '--format openvino'),
    ('torchscript', 'decoded', 'fp16', '--precision bf16'),
    ('openvino', 'nms', 'fp8', 'This format has --precision fp32, fp16, bf16, int8'),
])
def test_refusals_say_what_to_take(name, mode, precision, words):
    with pytest.raises(UserError, match=f'--format {name} has no') as error:
        FORMATS[name].check(name, mode, precision)
    assert words in str(error.value)


def test_a_missing_folder(tmp_path):
    network = exported('raw')[0]
    with pytest.raises(UserError, match='cannot be written: No such file'):
        FORMATS['onnx'].write(network, tmp_path / 'none' / 'model.onnx',
                              info=info_of('raw', 'fp16'))
