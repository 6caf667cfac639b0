"""OpenVINO files: ``.xml`` and ``.bin``."""
import os
from collections.abc import Mapping

import numpy as np
from numpy import ndarray

from fcos_mm.compat.extras import import_extra
from fcos_mm.errors import UserError
from fcos_mm.runtime.info import KEY, ModelInfo
from fcos_mm.runtime.sessions.session import Session, damaged, no_device


class OpenVINOSession(Session):
    """A ``.xml`` file beside its ``.bin``; see :func:`fcos_mm.runtime.sessions.open_session`.

    Args:
        path: The ``.xml`` file.
        threads: Of the network; None for the number of cores.
        device: ``'cpu'`` or ``'gpu'``, which is Intel's.

    Raises:
        UserError: If it cannot be used.
    """

    def __init__(self, path: str, threads: int | None = None, device: str = 'cpu') -> None:
        openvino = import_extra('openvino', path)
        core = openvino.Core()
        name = device.upper().replace(':', '.')
        if name not in {*core.available_devices,
                        *(one.split('.')[0] for one in core.available_devices)}:
            raise no_device(device, [one.lower() for one in core.available_devices])
        weights = os.path.splitext(path)[0] + '.bin'
        if not os.path.isfile(weights):
            raise UserError(f'{path} has no weights: {weights} is missing.\n'
                            'Copy both files, or export the model again.')
        try:
            model = core.read_model(path)
        except Exception as error:
            raise damaged(path, error) from error
        text = model.get_rt_info(KEY).astype(str) if model.has_rt_info(KEY) else None
        self.info = ModelInfo.from_json(text, path)
        try:
            self._compiled = core.compile_model(model, name, _settings(self.info, threads))
        except Exception as error:
            raise damaged(path, error) from error
        self._inputs = [one.any_name for one in model.inputs]
        self._outputs = [one.any_name for one in model.outputs]
        self._idle: list = []  # requests; a list is safe to share between threads

    def run(self, inputs: Mapping[str, ndarray]) -> dict[str, ndarray]:
        """Run the network, see :meth:`Session.run`."""
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        try:
            request.infer({name: inputs[name] for name in self._inputs})
            return {name: np.array(request.get_tensor(name).data) for name in self._outputs}
        finally:
            self._idle.append(request)


def _settings(info: ModelInfo, threads: int | None) -> dict:
    """One image at a time as fast as possible, in the precision of the file and no lower."""
    settings = {'PERFORMANCE_HINT': 'LATENCY',
                'INFERENCE_PRECISION_HINT': 'bf16' if info.precision == 'bf16' else 'f32'}
    return settings if threads is None else {**settings, 'INFERENCE_NUM_THREADS': threads}
