"""Writing a detector as ONNX, by torch's exporter."""
from pathlib import Path

import torch

from fcos_mm.atomic_file import replaced
from fcos_mm.compat.extras import import_extra
from fcos_mm.errors import UserError, first_line
from fcos_mm.export.network import ExportNetwork
from fcos_mm.export.quiet import quiet
from fcos_mm.export.suppression import onnx_translations
from fcos_mm.runtime.info import KEY, ModelInfo

#: From here on group normalisation is a single operator.
OPSET = 21
_LARGEST = 2**31 - 2**20  # bytes of a file: protobuf's limit


def write_onnx(network: ExportNetwork, path: str | Path, *, info: ModelInfo,
               calibration: object = None) -> None:
    """Write a network as a single ONNX file of float32.

    Args:
        network: The network.
        path: The file.
        info: Its metadata; ``shape`` says which sizes are fixed.
        calibration: Not needed.

    Raises:
        UserError: If onnx or onnxscript is missing, an operator has no form in ONNX, the file
            would be above 2 GB, or it cannot be written.
    """
    for module in ('onnx', 'onnxscript'):
        import_extra(module, 'fcos-mm export')
    size = sum(p.numel() * p.element_size() for p in network.parameters())
    if size > _LARGEST:
        raise UserError(f'The weights take {size / 2**30:.1f} GiB; an ONNX file holds 2 GiB.\n'
                        'Export with --format torchscript.')
    program = _exported(network, info)
    program.model.metadata_props[KEY] = info.to_json()
    program.model.producer_name, program.model.producer_version = 'fcos_mm', info.version
    with replaced(path) as unfinished, quiet():
        program.save(str(unfinished), external_data=False)


def example_inputs(network: ExportNetwork, info: ModelInfo) -> dict[str, torch.Tensor]:
    """Inputs of the shape in ``info``, by name; dynamic sizes are some that are not special."""
    divisor = info.preprocessing.pad_divisor
    batch, height, width = info.shape
    height, width = height or divisor * _cells(divisor, 2), width or divisor * _cells(divisor, 3)
    images = torch.zeros(batch or 2, 3, height, width)
    values = dict(images=images)
    if 'sizes' in network.input_names:
        values['sizes'] = torch.tensor([[float(height), float(width)]]).repeat(len(images), 1)
    return values


def _cells(divisor: int, least: int) -> int:
    """So many multiples of the divisor that no feature map has the special size 1."""
    return max(least, -(-least * 128 // divisor))


def _exported(network: ExportNetwork, info: ModelInfo):
    values = example_inputs(network, info)
    # to compare sizes that are expressions takes longer than to compute the shapes anew
    cached = torch._dynamo.config.patch(fake_tensor_cache_enabled=all(info.shape))
    try:
        with quiet(), cached:
            return torch.onnx.export(
                network.eval(), tuple(values.values()), dynamo=True, opset_version=OPSET,
                input_names=list(network.input_names), output_names=list(network.output_names),
                dynamic_shapes=_dynamic_shapes(network, info), verbose=False,
                custom_translation_table=onnx_translations())
    except torch.onnx.errors.OnnxExporterError as error:
        raise UserError(_describe(error, info)) from error


def _dynamic_shapes(network: ExportNetwork, info: ModelInfo) -> dict | None:
    """By argument, which of its sizes are not fixed."""
    if all(info.shape):
        return None
    batch, height, width = info.shape
    divisor, images = info.preprocessing.pad_divisor, {}
    if not batch:
        images[0] = torch.export.Dim('batch')
    if not height:
        images[2] = divisor * torch.export.Dim('rows')
    if not width:
        images[3] = divisor * torch.export.Dim('columns')
    shapes = dict(images=images)
    if 'sizes' in network.input_names:
        shapes['sizes'] = {} if batch else {0: images[0]}
    return shapes


def _describe(error: Exception, info: ModelInfo) -> str:
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    reason = first_line(cause)
    if not all(info.shape):
        return (f'This network cannot be exported with dynamic sizes: {reason[:300]}\n'
                'Export it for one size: without --dynamic, with --size WIDTHxHEIGHT.')
    return (f'This network cannot be exported to ONNX: {reason[:300]}\n'
            'Replace the layer that uses this operator, or try --format torchscript.')
