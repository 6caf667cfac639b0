"""8-bit integers: OpenVINO models by NNCF, ONNX models by the tools of onnxruntime.

In both, weights have a scale for each output channel, the ranges of activations are means over
the inputs, and the last convolutions stay float32 with all that follows them: a step of 1/255 of
the range of distances is too coarse for the edges of boxes. NNCF writes ONNX too, but rounds
before convolutions only, and onnxruntime computes a convolution with integers only where its
result is rounded as well.
"""
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from fcos_mm.compat.extras import import_extra
from fcos_mm.export.low_precision.calibration import CalibrationInputs
from fcos_mm.export.low_precision.parts import Parts, of_onnx, of_openvino, parts_of
from fcos_mm.export.quiet import quiet

#: The weight of a new input in the mean of the ranges.
_NEWEST = 0.05
_MOST_BATCHES = 300  # for calibration


def import_nncf() -> ModuleType:
    """Import NNCF.

    Raises:
        UserError: If it is missing.
    """
    with quiet():
        return import_extra('nncf', '--precision int8 of --format openvino')


def quantised_openvino(nncf: ModuleType, model: Any, inputs: CalibrationInputs) -> Any:
    """A copy of an ``openvino.Model`` whose layers compute with 8-bit integers.

    Args:
        nncf: The module.
        model: The model, float32.
        inputs: To calibrate on.
    """
    scope = nncf.IgnoredScope(names=_float_operators(parts_of(of_openvino(model))),
                              validate=False)
    with quiet():
        return nncf.quantize(model, nncf.Dataset(inputs), preset=nncf.QuantizationPreset.MIXED,
                             subset_size=_MOST_BATCHES, ignored_scope=scope)


def quantised_onnx(source: Path, inputs: CalibrationInputs) -> Any:
    """The ``onnx.ModelProto`` whose layers compute with 8-bit integers.

    Args:
        source: A file, float32, in a folder for files that are not needed afterwards.
        inputs: To calibrate on.
    """
    onnx, tools = import_module('onnx'), import_module('onnxruntime.quantization')
    model = onnx.load(source)
    parts = parts_of(of_onnx(model))
    named, result = source.with_name('named.onnx'), source.with_name('int8.onnx')
    onnx.save(model, named)
    with quiet():
        tools.quantize_static(
            named, result, _reader(tools, inputs), quant_format=tools.QuantFormat.QDQ,
            per_channel=True, activation_type=tools.QuantType.QUInt8,
            weight_type=tools.QuantType.QInt8, calibrate_method=tools.CalibrationMethod.MinMax,
            nodes_to_exclude=_float_operators(parts),
            extra_options=dict(CalibMovingAverage=True, CalibMovingAverageConstant=_NEWEST))
    return onnx.load(result)


def _float_operators(parts: Parts) -> list[str]:
    return [*parts.predictors, *parts.after, *parts.sampling]


def _reader(tools: Any, inputs: CalibrationInputs) -> Any:
    """Inputs as onnxruntime takes them: one after the other until None."""
    class Reader(tools.CalibrationDataReader):

        def __init__(self) -> None:
            self._left = iter(inputs)

        def get_next(self) -> dict | None:
            return next(self._left, None)

    return Reader()
