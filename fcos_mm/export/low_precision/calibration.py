"""The inputs that a quantiser reads the ranges of values from."""
from collections.abc import Iterator, Sequence

from numpy import ndarray

from fcos_mm.errors import UserError
from fcos_mm.export.formats import Calibration
from fcos_mm.faults import counted

#: Pictures that are needed. More than a hundred are better.
LEAST = 8


class CalibrationInputs:
    """The inputs of a network, batch by batch, as often as they are asked for.

    Args:
        calibration: Makes them.
        names: Of the network's inputs; others are left out.

    Raises:
        UserError: If there are none, or fewer pictures than :data:`LEAST`.
    """

    def __init__(self, calibration: Calibration | None, names: Sequence[str]) -> None:
        if calibration is None:
            raise UserError('--precision int8 needs pictures to calibrate on.\n'
                            'Give some of your task: --images FOLDER.')
        self._calibration, self._names = calibration, tuple(names)
        found = 0
        for batch in calibration():
            found += len(batch['images'])
            if found >= LEAST:
                break
        if found < LEAST:
            raise UserError(f'--precision int8 needs at least {LEAST} pictures to calibrate on, '
                            f'better a hundred or more; found {counted(found, "picture")}.\n'
                            'Give more of your task: --images FOLDER.')

    def __iter__(self) -> Iterator[dict[str, ndarray]]:
        return ({name: batch[name] for name in self._names} for batch in self._calibration())
