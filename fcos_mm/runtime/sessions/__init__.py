"""Exported files as functions of arrays (ONNX on onnxruntime)."""
import os
from collections.abc import Mapping
from os import PathLike

from numpy import ndarray

from fcos_mm.compat.extras import import_extra
from fcos_mm.errors import UserError
from fcos_mm.runtime.info import KEY, ModelInfo


class Session:
    """A ``.onnx`` file on onnxruntime."""

    def __init__(self, path: str, threads: int | None) -> None:
        runtime = import_extra('onnxruntime', path)
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
        self._session = runtime.InferenceSession(path, options,
                                                 providers=['CPUExecutionProvider'])
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.info = ModelInfo.from_json(metadata.get(KEY), path)

    def run(self, inputs: Mapping[str, ndarray]) -> dict[str, ndarray]:
        """Run the network on inputs by name."""
        names = [one.name for one in self._session.get_outputs()]
        taken = {one.name: inputs[one.name] for one in self._session.get_inputs()}
        return dict(zip(names, self._session.run(names, taken)))


def open_session(path: str | PathLike, *, threads: int | None = None,
                 device: str = 'cpu') -> Session:
    """Open an exported file.

    Raises:
        UserError: If there is no runtime for its ending.
    """
    path = os.fspath(path)
    if not path.endswith('.onnx'):
        raise UserError(f'{path} has no runtime here.')
    return Session(path, threads)
