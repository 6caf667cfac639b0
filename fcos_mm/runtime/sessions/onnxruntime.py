"""ONNX files on onnxruntime."""
from collections.abc import Mapping

from numpy import ndarray

from fcos_mm.compat.extras import import_extra
from fcos_mm.runtime.info import KEY, ModelInfo
from fcos_mm.runtime.sessions.session import Session, damaged, no_device

_ERRORS_ONLY = 3
_PROVIDERS = {'cpu': 'CPUExecutionProvider', 'cuda': 'CUDAExecutionProvider'}


class ONNXRuntimeSession(Session):
    """A ``.onnx`` file; see :func:`fcos_mm.runtime.sessions.open_session`.

    Args:
        path: The file.
        threads: Of an operator; None for the number of cores.
        device: ``'cpu'``, ``'cuda'`` or ``'cuda:N'``.

    Raises:
        UserError: If it cannot be used.
    """

    def __init__(self, path: str, threads: int | None = None, device: str = 'cpu') -> None:
        onnxruntime = import_extra('onnxruntime', path)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        if threads is not None:
            options.intra_op_num_threads = threads
        providers = _providers(device, onnxruntime.get_available_providers())
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=providers)
        except Exception as error:  # of onnxruntime's own classes, one for each kind of damage
            raise damaged(path, error) from error
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.info = ModelInfo.from_json(metadata.get(KEY), path)
        self._inputs = [one.name for one in self._session.get_inputs()]
        self._outputs = [one.name for one in self._session.get_outputs()]

    def run(self, inputs: Mapping[str, ndarray]) -> dict[str, ndarray]:
        """Run the network, see :meth:`Session.run`."""
        taken = {name: inputs[name] for name in self._inputs}
        return dict(zip(self._outputs, self._session.run(self._outputs, taken)))


def _providers(device: str, available: list[str]) -> list:
    kind, _, number = device.lower().partition(':')
    provider = _PROVIDERS.get(kind)
    if provider not in available or number and not (kind == 'cuda' and number.isdecimal()):
        devices = [name for name, provider in _PROVIDERS.items() if provider in available]
        remedy = '\nInstall it: pip install onnxruntime-gpu' if kind == 'cuda' else ''
        raise no_device(device, devices, remedy)
    if kind == 'cpu':
        return [provider]
    return [(provider, dict(device_id=int(number or 0))), _PROVIDERS['cpu']]
