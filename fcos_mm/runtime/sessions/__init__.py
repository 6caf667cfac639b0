"""Exported files as functions of arrays: one module for each runtime."""
import os
from importlib import import_module
from os import PathLike

from fcos_mm.errors import UserError, did_you_mean
from fcos_mm.runtime.sessions.session import Session

#: By the ending of a file: the module and the class that run it.
RUNTIMES = {
    '.onnx': ('onnxruntime', 'ONNXRuntimeSession'),
    '.xml': ('openvino', 'OpenVINOSession'),
    '.torchscript': ('torchscript', 'TorchScriptSession'),
}


def open_session(path: str | PathLike, *, threads: int | None = None,
                 device: str = 'cpu') -> Session:
    """Open an exported file by the runtime of its ending.

    Args:
        path: ``.onnx``, ``.xml`` beside its ``.bin``, or ``.torchscript``.
        threads: Of the network; None for the runtime's choice.
        device: ``'cpu'``, ``'cuda'``, ``'cuda:1'``; for OpenVINO also ``'gpu'``, Intel's.

    Raises:
        UserError: If the file is missing, damaged or not by ``fcos-mm export``, the package that
            runs it is not installed, or the device is not there.
    """
    path = os.fspath(path)
    ending = os.path.splitext(path)[1].lower()
    if ending == '.bin' and os.path.exists(path[:-4] + '.xml'):
        raise UserError(f'{path} holds the weights of an OpenVINO model.\n'
                        f'Give {path[:-4]}.xml.')
    if ending not in RUNTIMES:
        raise UserError(f'{path} is not an exported model: its name must end with '
                        f'{", ".join(RUNTIMES)}.\nExport your model: '
                        'fcos-mm export work_dirs/mine')
    if not os.path.isfile(path):
        raise UserError(f'Model not found: {path}.{_beside(path)}')
    if threads is not None and threads < 1:
        raise UserError(f'threads={threads}: at least 1 is needed.')
    module, name = RUNTIMES[ending]
    return getattr(import_module(f'{__name__}.{module}'), name)(path, threads, device)


def _beside(path: str) -> str:
    """A file of the same folder that may be meant."""
    folder = os.path.dirname(path) or os.curdir
    if not os.path.isdir(folder):
        return ''
    return did_you_mean(os.path.basename(path), [
        name for name in os.listdir(folder) if os.path.splitext(name)[1].lower() in RUNTIMES])
