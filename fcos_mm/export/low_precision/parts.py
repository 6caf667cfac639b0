"""Which operators of a graph are layers of the network, and which compute scores and places."""
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_LAYERS = ('Conv', 'Convolution', 'GroupConvolution')  # of ONNX, of OpenVINO
_SAMPLING = 'GridSample'


class Operator(NamedTuple):
    """An operator of a graph.

    Attributes:
        kind: Its type.
        inputs: The names of the operators whose results it takes; '' for what is given.
    """
    kind: str
    inputs: tuple[str, ...]


class Parts(NamedTuple):
    """Names of operators.

    Attributes:
        predictors: The last convolutions: class, distances, quality.
        after: What no convolution depends on: scales, exp, decoding, NMS.
        sampling: What computes where deformable convolutions read, and reads there.
    """
    predictors: list[str]
    after: list[str]
    sampling: list[str]


def parts_of(graph: Mapping[str, Operator]) -> Parts:
    """Sort the operators of a graph."""
    layers = [name for name, operator in graph.items() if operator.kind in _LAYERS]
    before = _before(graph, layers)
    reading = [name for name, operator in graph.items() if operator.kind == _SAMPLING]
    points = [graph[name].inputs[1] for name in reading]
    sampling = {*reading, *points, *_before(graph, points, until=_LAYERS)}
    return Parts(
        predictors=[name for name in layers if name not in before],
        after=[name for name in graph if name not in before and name not in layers],
        sampling=[name for name in graph if name in sampling])


def of_onnx(model: Any) -> dict[str, Operator]:
    """The graph of an ``onnx.ModelProto``, after giving names to the operators without."""
    nodes = list(model.graph.node)
    for index, node in enumerate(nodes):
        node.name = node.name or f'{node.op_type}_{index}'
    makers = {output: node.name for node in nodes for output in node.output}
    return {node.name: Operator(node.op_type, tuple(makers.get(one, '') for one in node.input))
            for node in nodes}


def of_openvino(model: Any) -> dict[str, Operator]:
    """The graph of an ``openvino.Model``, without its constants, inputs and outputs."""
    names = {one.get_friendly_name(): one for one in model.get_ordered_ops()
             if one.get_type_name() not in ('Constant', 'Parameter', 'Result')}
    return {name: Operator(one.get_type_name(), tuple(
        maker if maker in names else '' for maker in (
            value.get_source_output().get_node().get_friendly_name() for value in one.inputs())))
            for name, one in names.items()}


def _before(graph: Mapping[str, Operator], names: Iterable[str],
            until: tuple[str, ...] = ()) -> set[str]:
    """What some operators depend on; with ``until`` as far as operators of these types."""
    found, waiting = set(), [name for name in names if name]
    while waiting:
        for name in graph[waiting.pop()].inputs:
            if name and name not in found and graph[name].kind not in until:
                found.add(name)
                waiting.append(name)
    return found
