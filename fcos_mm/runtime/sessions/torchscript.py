"""TorchScript files on torch, which is imported only for them."""
from collections.abc import Mapping

import numpy as np
from numpy import ndarray

from fcos_mm.compat.extras import import_extra
from fcos_mm.runtime.info import KEY, ModelInfo
from fcos_mm.runtime.sessions.session import Session, damaged, no_device

#: The name of the metadata inside the file.
EXTRA_FILE = f'{KEY}.json'


class TorchScriptSession(Session):
    """A ``.torchscript`` file; see :func:`fcos_mm.runtime.sessions.open_session`.

    Args:
        path: The file.
        threads: Of an operator, for the whole process; None for torch's choice.
        device: A device of torch.

    Raises:
        UserError: If it cannot be used.
    """

    def __init__(self, path: str, threads: int | None = None, device: str = 'cpu') -> None:
        self._torch = torch = import_extra('torch', path)
        available = ['cpu', *(f'cuda:{index}' for index in range(torch.cuda.device_count()))]
        if device not in {*available, *(name.split(':')[0] for name in available)}:
            raise no_device(device, available)
        extra = {EXTRA_FILE: ''}
        try:
            self._network = torch.jit.load(path, map_location=device, _extra_files=extra).eval()
        except Exception as error:
            raise damaged(path, error) from error
        text = extra[EXTRA_FILE]
        self.info = ModelInfo.from_json(text.decode() if isinstance(text, bytes) else text, path)
        if threads is not None:
            torch.set_num_threads(threads)
        self._device = device

    def run(self, inputs: Mapping[str, ndarray]) -> dict[str, ndarray]:
        """Run the network, see :meth:`Session.run`."""
        names = ('images', 'sizes') if self.info.mode == 'nms' else ('images', )
        with self._torch.inference_mode():
            outputs = self._network(*(
                self._torch.from_numpy(np.ascontiguousarray(inputs[name])).to(self._device)
                for name in names))
        names = _output_names(self.info, len(outputs))
        return {name: one.cpu().numpy() for name, one in zip(names, outputs, strict=True)}


def _output_names(info: ModelInfo, number: int) -> tuple[str, ...]:
    """The names of the outputs, which TorchScript does not keep."""
    if info.mode == 'nms':
        return 'boxes', 'scores', 'labels', 'count'
    if info.mode == 'decoded':
        return 'boxes', 'scores'
    levels = len(info.postprocessing.strides)
    kinds = ('cls_logits', 'distances', 'quality')[:number // levels]
    return tuple(f'{kind}_{level}' for level in range(levels) for kind in kinds)
