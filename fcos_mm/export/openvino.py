"""Writing a detector as OpenVINO's intermediate representation: .xml and .bin."""
import contextlib
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from fcos_mm.atomic_file import replaced, scratch_folder
from fcos_mm.compat.extras import import_extra
from fcos_mm.errors import UserError, first_line
from fcos_mm.export.formats import FORMATS, Calibration
from fcos_mm.export.low_precision.calibration import CalibrationInputs
from fcos_mm.export.low_precision.quantise import import_nncf, quantised_openvino
from fcos_mm.export.network import ExportNetwork
from fcos_mm.export.onnx import write_onnx
from fcos_mm.runtime.info import KEY, ModelInfo


def write_openvino(network: ExportNetwork, path: str | Path, *, info: ModelInfo,
                   calibration: Calibration | None = None) -> None:
    """Write a network as an ``.xml`` file and a ``.bin`` file beside it.

    ``fp16`` stores weights with 16 bits; a CPU computes in float32. ``bf16`` stores float32; the
    runtime computes in bfloat16 where the CPU can. ``int8`` quantises layers by NNCF; what
    follows the last convolutions stays float32.

    Args:
        network: The network.
        path: The ``.xml`` file.
        info: Its metadata; in the file as ``rt_info`` of the model.
        calibration: For ``int8``.

    Raises:
        UserError: If openvino or nncf is missing, the network cannot be converted, there are too
            few pictures for ``int8``, or a file cannot be written.
    """
    FORMATS['openvino'].check('openvino', info.mode, info.precision)
    openvino = import_extra('openvino', '--format openvino')
    nncf = inputs = None
    if info.precision == 'int8':
        inputs = CalibrationInputs(calibration, network.input_names)
        nncf = import_nncf()
    path = Path(path)
    with scratch_folder(path) as folder:
        source = folder / 'fp32.onnx'
        write_onnx(network, source, info=info)
        model = _converted(openvino, source)
        if nncf is not None:
            model = quantised_openvino(nncf, model, inputs)
        model.set_rt_info(info.to_json(), [KEY])
        _save(openvino, model, path, folder, half=info.precision == 'fp16')


def _converted(openvino: ModuleType, source: Path) -> Any:
    try:
        return openvino.convert_model(source)
    except Exception as error:  # of openvino's own classes
        raise UserError(f'OpenVINO cannot convert this network: {first_line(error)[:300]}\n'
                        'Take --format onnx.') from error


def _save(openvino: ModuleType, model: Any, path: Path, folder: Path, *, half: bool) -> None:
    """Write both files elsewhere and then put them in place; never an .xml with another's .bin."""
    whole = folder / 'model.xml'
    try:
        openvino.save_model(model, whole, compress_to_fp16=half)
    except RuntimeError as error:
        raise UserError(f'{path} cannot be written: {str(error).strip()}') from error
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    for ending in ('.bin', '.xml'):
        with replaced(path.with_suffix(ending)) as unfinished:
            os.replace(whole.with_suffix(ending), unfinished)
