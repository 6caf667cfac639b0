"""Operators of an ONNX model in float16, others in float32, with casts between them."""
from collections.abc import Collection
from importlib import import_module
from typing import Any

import numpy as np

#: Their results have the type that they name.
_OWN_TYPE = ('Cast', 'Constant', 'ConstantOfShape', 'Range')
_RESIZE_SIZES = (1, 2)  # inputs of Resize that are float32 always


def in_half(model: Any, keep: Collection[str]) -> Any:
    """Convert an ``onnx.ModelProto``; its inputs and results stay float32.

    Args:
        model: The model, float32. Each operator has a name.
        keep: Names of the operators that stay float32, with all their constants.
    """
    return _Conversion(model, frozenset(keep)).model


class _Conversion:

    def __init__(self, model: Any, keep: frozenset[str]) -> None:
        self._onnx = import_module('onnx')
        self.model = model = import_module('onnx.shape_inference').infer_shapes(model)
        self._keep = keep
        types = self._onnx.TensorProto
        self._float, self._half = types.FLOAT, types.FLOAT16
        self._constants = {one.name: one for one in model.graph.initializer}
        self._floats = {name for name, one in self._constants.items()
                        if one.data_type == self._float}
        self._floats |= {one.name for place in ('input', 'output', 'value_info')
                         for one in getattr(model.graph, place)
                         if one.type.tensor_type.elem_type == self._float}
        self._halved: set[str] = set()  # names of values that are float16 now
        self._made: dict[tuple[str, int], str] = {}  # casts and constants by value and type
        self._nodes: list = []
        self._convert()

    def _convert(self) -> None:
        graph = self.model.graph
        results = {one.name for one in graph.output}
        for node in list(graph.node):
            if node.name in self._keep or node.op_type in _OWN_TYPE:
                self._take(node, self._float)
                self._nodes.append(node)
                continue
            self._take(node, self._half)
            self._nodes.append(node)
            for place, name in enumerate(node.output):
                if name in results and name in self._floats:
                    node.output[place] = inner = f'{name}_float16'
                    self._floats.add(inner)
                    self._halved.add(inner)
                    self._cast(inner, self._float, name)
                elif name in self._floats:
                    self._halved.add(name)
        del graph.node[:], graph.value_info[:]
        graph.node.extend(self._nodes)
        used = {name for node in self._nodes for name in node.input}
        for one in [one for one in graph.initializer
                    if one.name not in used and one.name in self._floats]:
            if (one.name, self._half) in self._made:
                graph.initializer.remove(one)

    def _take(self, node: Any, wanted: int) -> None:
        """Give an operator its float inputs in a type."""
        for place, name in enumerate(node.input):
            if name not in self._floats or node.op_type == 'Resize' and place in _RESIZE_SIZES:
                continue
            if (name in self._halved) != (wanted == self._half):
                node.input[place] = self._in_type(name, wanted)

    def _in_type(self, name: str, wanted: int) -> str:
        """The name of a value in another type."""
        key = name, wanted
        if key not in self._made:
            target = f'{name}_float{16 if wanted == self._half else 32}'
            if name in self._constants:
                self._halve_constant(name, target)
            else:
                self._cast(name, wanted, target)
            self._made[key] = target
        return self._made[key]

    def _cast(self, name: str, to: int, target: str) -> None:
        self._nodes.append(self._onnx.helper.make_node(
            'Cast', [name], [target], name=f'{target}_cast', to=to))

    def _halve_constant(self, name: str, target: str) -> None:
        arrays, limits = self._onnx.numpy_helper, np.finfo(np.float16)
        values = arrays.to_array(self._constants[name]).clip(limits.min, limits.max)
        self.model.graph.initializer.append(
            arrays.from_array(values.astype(np.float16), target))
