"""Writing a detector as TorchScript, by torch.jit.trace."""
import contextlib
from pathlib import Path

import torch
from torch import Tensor

from fcos_mm.atomic_file import replaced
from fcos_mm.errors import UserError, first_line
from fcos_mm.export.formats import FORMATS, Calibration
from fcos_mm.export.network import ExportNetwork
from fcos_mm.export.onnx import example_inputs
from fcos_mm.export.quiet import quiet
from fcos_mm.runtime.info import KEY, ModelInfo

#: Of the largest value of an output: what another order of operations may change.
_TOLERANCES = {'fp32': 1e-3, 'bf16': 0.05}
#: The share of an output that may change more: scores near the threshold become 0.
_FEW = 0.001


def write_torchscript(network: ExportNetwork, path: str | Path, *, info: ModelInfo,
                      calibration: Calibration | None = None) -> None:
    """Write a network as TorchScript, with the metadata as the extra file ``fcos_mm.json``.

    ``bf16`` computes convolutions and matrix products in bfloat16, as ``torch.autocast`` does;
    inputs, outputs and decoding stay float32.

    Args:
        network: The network, of mode ``raw`` or ``decoded``.
        path: The file.
        info: Its metadata; ``shape`` says which sizes are fixed.
        calibration: Not needed.

    Raises:
        UserError: If the format does not have the mode or precision, the network cannot be
            traced, or the trace holds for one size only and ``shape`` has none.
    """
    FORMATS['torchscript'].check('torchscript', info.mode, info.precision)
    network = network.eval()
    example = example_inputs(network, info)['images'].normal_(generator=_generator())
    with quiet(), torch.no_grad(), _autocast(info):
        try:
            traced = torch.jit.trace(network, (example, ), check_trace=False, strict=True)
        except (RuntimeError, TypeError, torch.jit.TracingCheckError) as error:
            raise UserError(_describe(error)) from error
    with quiet(), torch.no_grad():
        traced = torch.jit.freeze(traced)
        if not all(info.shape):
            _check_other_size(network, traced, example, info)
    with replaced(path) as unfinished, quiet():
        torch.jit.save(traced, str(unfinished), _extra_files={f'{KEY}.json': info.to_json()})


def _check_other_size(network: ExportNetwork, traced: torch.jit.ScriptModule, example: Tensor,
                      info: ModelInfo) -> None:
    """Check that sizes of the example are no constants of the trace."""
    divisor, shape = info.preprocessing.pad_divisor, list(example.shape)
    for axis, fixed, step in ((0, info.shape[0], 1), (2, info.shape[1], divisor),
                              (3, info.shape[2], 2 * divisor)):
        shape[axis] += 0 if fixed else step
    other = torch.randn(shape, generator=_generator())
    with _autocast(info):
        expected = network(other)
    remedy = ('Export it for one size: without --dynamic, with --size WIDTHxHEIGHT; or take '
              '--format onnx.')
    try:
        got = traced(other)
    except RuntimeError as error:
        raise UserError('This network cannot be exported to TorchScript with dynamic sizes.\n'
                        + remedy) from error
    limit = _TOLERANCES[info.precision]
    if not all(a.shape == b.shape and _differing(a, b, limit) <= _FEW
               for a, b in zip(expected, got)):
        raise UserError('This network cannot be exported to TorchScript with dynamic sizes: for '
                        f'another size its trace differs.\n{remedy}')


def _differing(expected: Tensor, got: Tensor, limit: float) -> float:
    """The share of the values that differ by more than a share of the largest."""
    return ((expected - got).abs() > limit * expected.abs().max()).float().mean().item()


def _autocast(info: ModelInfo) -> contextlib.AbstractContextManager:
    """Casts that are recorded; without its cache, which would not be."""
    return torch.autocast('cpu', torch.bfloat16, enabled=info.precision == 'bf16',
                          cache_enabled=False)


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _describe(error: Exception) -> str:
    reason = first_line(error)
    return (f'This network cannot be exported to TorchScript: {reason[:300]}\n'
            'Take --format onnx.')
