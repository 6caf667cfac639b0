"""The formats of exported files."""
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from numpy import ndarray

from fcos_mm.compat.extras import import_extra
from fcos_mm.errors import UserError
from fcos_mm.runtime.info import MODES, PRECISIONS, ModelInfo

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
        refusals: By mode or precision, why the format does not have it, and what to take instead.
        packages: That write and run it.
    """
    ending: str
    precisions: tuple[str, ...]
    modes: tuple[str, ...]
    writer: tuple[str, str]
    others: tuple[str, ...] = ()
    refusals: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()

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

    def import_packages(self, name: str) -> None:
        """Import what writes and runs the format.

        Raises:
            UserError: If a package is missing.
        """
        for package in self.packages:
            import_extra(package, f'--format {name}')

    def advice(self, path: Path) -> str:
        """What to give instead of a path with another ending."""
        other = next((name for name, one in FORMATS.items() if one.ending == path.suffix), None)
        return (f'Give {path.with_suffix(self.ending)}, or '
                + (f'--format {other}.' if other else 'another --format.'))

    def check(self, name: str, mode: str, precision: str) -> None:
        """Check that the format has a mode and a precision.

        Raises:
            UserError: If not.
        """
        for what, value, known in (('mode', mode, self.modes),
                                   ('precision', precision, self.precisions)):
            if value not in known:
                reason = self.refusals.get(value)
                raise UserError(f'--format {name} has no --{what} {value}'
                                + (f': {reason}' if reason else '.')
                                + f'\nThis format has --{what} {", ".join(known)}.')


FORMATS = {
    'onnx': Format(
        ending='.onnx', precisions=('fp32', 'fp16', 'int8'), modes=MODES,
        packages=('onnx', 'onnxscript', 'onnxruntime'),
        writer=('fcos_mm.export.precision', 'write_onnx_as'), refusals={
            'bf16': 'onnxruntime cannot run it on a CPU.\nTake --format openvino.'}),
    'openvino': Format(
        ending='.xml', others=('.bin', ), precisions=PRECISIONS, modes=MODES,
        packages=('onnx', 'onnxscript', 'openvino'),
        writer=('fcos_mm.export.openvino', 'write_openvino')),
    'torchscript': Format(
        ending='.torchscript', precisions=('fp32', 'bf16'), modes=('raw', 'decoded'),
        writer=('fcos_mm.export.torchscript', 'write_torchscript'), refusals={
            'nms': 'torch itself has no operator for it.\nTake --mode decoded, which the runtime '
                   'finishes with the same result, or --format onnx.',
            'fp16': 'torch is slow with it on a CPU.\nTake --precision bf16, or --format onnx '
                    'or openvino.',
            'int8': 'torch is to replace this kind of quantisation.\nTake --format openvino or '
                    'onnx.'}),
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
