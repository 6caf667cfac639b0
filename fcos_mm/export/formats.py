"""The formats of exported files."""
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from numpy import ndarray

from fcos_mm.errors import UserError
from fcos_mm.runtime.info import MODES, ModelInfo

#: Makes ready inputs by name, from the beginning each time it is called.
Calibration = Callable[[], Iterator[dict[str, ndarray]]]


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a network is written to a file.

    Attributes:
        ending: Of the file.
        precisions: Those it can have.
        modes: Those it can have.
        writer: Module and function ``write(network, path, *, info, calibration=None)``.
        others: Endings of files that are written beside it.
    """
    ending: str
    precisions: tuple[str, ...]
    modes: tuple[str, ...]
    writer: tuple[str, str]
    others: tuple[str, ...] = ()

    def write(self, network, path: str | Path, *, info: ModelInfo,
              calibration: Calibration | None = None) -> None:
        """Write a network.

        Args:
            network: An ``ExportNetwork``.
            path: The file.
            info: Its metadata; its shape and precision say what is written.
            calibration: For ``int8``.

        Raises:
            UserError: If a package is missing, or the network has no form in this format.
        """
        module, name = self.writer
        getattr(import_module(module), name)(network, path, info=info, calibration=calibration)

    @property
    def default_mode(self) -> str:
        """``nms`` where the format has it."""
        return self.modes[-1]

    def check(self, name: str, mode: str, precision: str) -> None:
        """Check that the format has a mode and a precision.

        Raises:
            UserError: If not.
        """
        for what, value, known in (('mode', mode, self.modes),
                                   ('precision', precision, self.precisions)):
            if value not in known:
                raise UserError(f'--format {name} has no --{what} {value}.\nTake one of '
                                f'{", ".join(known)}.')


FORMATS = {
    'onnx': Format(ending='.onnx', precisions=('fp32', ), modes=MODES,
                   writer=('fcos_mm.export.onnx', 'write_onnx')),
}


def format_of(name: str) -> Format:
    """The format of a name.

    Raises:
        UserError: If there is none.
    """
    if name not in FORMATS:
        raise UserError(f'--format {name}: there is no such format.\nTake one of '
                        f'{", ".join(FORMATS)}.')
    return FORMATS[name]
