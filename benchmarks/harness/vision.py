"""Import torchvision beside a torch that it was not built for.

Its wheel is built for a torch with CUDA; beside a CPU-only torch the import
fails, because its compiled operators cannot be loaded and their names are then
unknown. Its FCOS is Python: with the names declared, it runs. Its NMS is
compiled, so on such a machine its ``nms`` is ours, which the tables say.
"""
import importlib
import sys
from types import ModuleType

import torch

import fcos_mm  # noqa: F401  (before mmcv, for whom it supplies the operators)
from fcos_mm.compat.ops.common import torchvision_ops
from fcos_mm.compat.ops.nms import nms
from harness.case import NotAvailable

SCHEMAS = {
    'nms': '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
    'qnms': '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
}


def import_torchvision() -> ModuleType:
    """Import torchvision, whether or not it fits this torch.

    fcos_mm uses torchvision's operators where they work. It is asked before
    anything is declared and remembers the answer, so that what is declared
    here never becomes its operators.

    Raises:
        NotAvailable: it is not installed or cannot be imported even so.
    """
    if 'torchvision' in sys.modules:
        return sys.modules['torchvision']
    for device in ('cpu', 'cuda'):
        torchvision_ops(device)
    try:
        return importlib.import_module('torchvision')
    except ModuleNotFoundError as error:
        raise NotAvailable(
            f'{error}; install torchvision with --no-deps, the version made for '
            f'torch {torch.__version__.partition("+")[0]}') from error
    except Exception:  # anything that a library built for another torch raises
        _forget('torchvision')
    try:
        return _import_with_declared_operators()
    except Exception as error:
        _forget('torchvision')
        raise NotAvailable(f'torchvision cannot be imported: {error}') from error


def _import_with_declared_operators() -> ModuleType:
    for name, schema in SCHEMAS.items():
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(f'torchvision::{name}', schema)
    torch.library.impl('torchvision::nms', 'default', _nms)
    torchvision = importlib.import_module('torchvision')
    torchvision.extension._has_ops = lambda: True  # it asks before each call
    return torchvision


def _nms(dets: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    return nms(dets, scores, iou_threshold, offset=0)


def _forget(package: str) -> None:
    """Remove what a failed import left behind, so that it can be repeated."""
    for name in [name for name in sys.modules if name.partition('.')[0] == package]:
        del sys.modules[name]
