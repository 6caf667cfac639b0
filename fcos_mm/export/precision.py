"""ONNX with fewer bits: half precision, and 8-bit integers."""
from importlib import import_module
from pathlib import Path
from typing import Any

from fcos_mm.atomic_file import replaced, scratch_folder
from fcos_mm.compat.extras import import_extra
from fcos_mm.export.formats import FORMATS, Calibration
from fcos_mm.export.low_precision.calibration import CalibrationInputs
from fcos_mm.export.low_precision.half import in_half
from fcos_mm.export.low_precision.parts import of_onnx, parts_of
from fcos_mm.export.low_precision.quantise import quantised_onnx
from fcos_mm.export.network import ExportNetwork
from fcos_mm.export.onnx import write_onnx
from fcos_mm.runtime.info import KEY, ModelInfo


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
        import_extra('onnxruntime', '--precision int8 of --format onnx')
    with scratch_folder(path) as folder:
        source = folder / 'fp32.onnx'
        write_onnx(network, source, info=info)
        model = _in_half(source) if inputs is None else quantised_onnx(source, inputs)
    _finish(model, info)
    with replaced(path) as unfinished:
        unfinished.write_bytes(model.SerializeToString())


def _in_half(source: Path) -> Any:
    """The model with layers in float16."""
    model = import_module('onnx').load(source)
    parts = parts_of(of_onnx(model))
    return in_half(model, {*parts.after, *parts.sampling})


def _finish(model: Any, info: ModelInfo) -> None:
    """Write the metadata, which onnxruntime's tools drop."""
    del model.metadata_props[:]
    model.metadata_props.add(key=KEY, value=info.to_json())
    model.producer_name, model.producer_version = 'fcos_mm', info.version
