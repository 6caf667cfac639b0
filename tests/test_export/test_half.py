"""Models that are partly float16."""
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from fcos_mm.export.low_precision.half import in_half


def model():
    """``y = exp((x + c) * c)`` and ``z = (x + c) * 2``, c = 2049, which float16 does not have."""
    nodes = [helper.make_node('Add', ['x', 'c'], ['sum'], name='add'),
             helper.make_node('Mul', ['sum', 'c'], ['product'], name='mul'),
             helper.make_node('Exp', ['product'], ['y'], name='exp'),
             helper.make_node('Mul', ['sum', 'two'], ['z'], name='twice')]
    graph = helper.make_graph(
        nodes, 'g', [helper.make_tensor_value_info('x', TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in 'yz'],
        [numpy_helper.from_array(np.float32([2049]), 'c'),
         numpy_helper.from_array(np.float32([2]), 'two')])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 21)], ir_version=10)


def results(made, x):
    onnx.checker.check_model(made, full_check=True)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    return session.run(['y', 'z'], {'x': np.float32([x])})


def test_kept_operators_have_exact_constants():
    # float16: 2049 -> 2048; the sum is 2048 - 2048 = 0 instead of 1.
    y, z = results(in_half(model(), {'mul', 'exp'}), -2048)
    assert (y, z) == ([1.], [0.])
    y, z = results(in_half(model(), {'add', 'mul', 'exp'}), -2048.96875)
    assert z == [0.0625] and abs(y[0] / np.exp(0.03125 * 2049) - 1) < 1e-5  # above 65504


def test_all_in_half():
    y, z = results(in_half(model(), set()), -2047)
    assert (y, z) == ([np.inf], [2.])
    assert y.dtype == z.dtype == np.float32
