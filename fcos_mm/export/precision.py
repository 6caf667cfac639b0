"""ONNX with fewer bits: half precision, and 8-bit integers."""
import contextlib
import logging
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from fcos_mm.atomic_file import replaced
from fcos_mm.compat.extras import import_extra
from fcos_mm.export.calibration import CalibrationInputs
from fcos_mm.export.formats import FORMATS, Calibration
from fcos_mm.export.half import in_half
from fcos_mm.export.network import ExportNetwork
from fcos_mm.export.onnx import write_onnx
from fcos_mm.export.parts import of_onnx, parts_of
from fcos_mm.export.scratch import scratch_folder
from fcos_mm.runtime.info import KEY, ModelInfo

#: Of the range of activations, the weight of a new batch in the mean.
_MOVING_AVERAGE = 0.05


def write_onnx_as(network: ExportNetwork, path: str | Path, *, info: ModelInfo,
                  calibration: Calibration | None = None) -> None:
    """Write a network as a single ONNX file in the precision that ``info`` names.

    Inputs and outputs are float32 in any case. In ``fp16`` and ``int8`` everything behind the
    last convolutions stays float32: exp would overflow, and coordinates need more bits.

    Args:
        network: The network.
        path: The file.
        info: Its metadata.
        calibration: For ``int8``.

    Raises:
        UserError: If a package is missing, the network cannot be exported, there are too few
            pictures for ``int8``, or the file cannot be written.
    """
    FORMATS['onnx'].check('onnx', info.mode, info.precision)
    if info.precision == 'fp32':
        write_onnx(network, path, info=info)
        return
    inputs = None
    if info.precision == 'int8':
        inputs = CalibrationInputs(calibration, network.input_names)
        import_extra('onnxruntime', '--precision int8')
    with scratch_folder(Path(path)) as folder:
        source = folder / 'fp32.onnx'
        write_onnx(network, source, info=info)
        with _quiet():
            model = _in_half(source) if inputs is None else _quantised(source, inputs)
    _finish(model, info)
    with replaced(path) as unfinished:
        unfinished.write_bytes(model.SerializeToString())


def _in_half(source: Path) -> Any:
    """The model with layers in float16."""
    model = import_module('onnx').load(source)
    parts = parts_of(of_onnx(model))
    return in_half(model, {*parts.after, *parts.sampling})


def _quantised(source: Path, inputs: CalibrationInputs) -> Any:
    """The model with layers in 8-bit integers, one scale for each channel of a weight."""
    onnx = import_module('onnx')
    tools = import_module('onnxruntime.quantization')
    model = onnx.load(source)
    parts = parts_of(of_onnx(model))
    onnx.save(model, source)
    result = source.with_name('int8.onnx')
    tools.quantize_static(
        source, result, _reader(tools, inputs), quant_format=tools.QuantFormat.QDQ,
        per_channel=True, reduce_range=True, activation_type=tools.QuantType.QUInt8,
        weight_type=tools.QuantType.QInt8, calibrate_method=tools.CalibrationMethod.MinMax,
        nodes_to_exclude=[*parts.predictors, *parts.after, *parts.sampling],
        extra_options=dict(CalibMovingAverage=True,
                           CalibMovingAverageConstant=_MOVING_AVERAGE))
    return onnx.load(result)


def _reader(tools: Any, inputs: CalibrationInputs) -> Any:
    """Inputs as onnxruntime takes them: one after the other until None."""
    class Reader(tools.CalibrationDataReader):

        def __init__(self) -> None:
            self.rewind()

        def rewind(self) -> None:
            self._left = iter(inputs)

        def get_next(self) -> dict | None:
            return next(self._left, None)

    return Reader()


def _finish(model: Any, info: ModelInfo) -> None:
    """Write the metadata, which the tools of onnxruntime drop."""
    del model.metadata_props[:]
    model.metadata_props.add(key=KEY, value=info.to_json())
    model.producer_name, model.producer_version = 'fcos_mm', info.version


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(level)
