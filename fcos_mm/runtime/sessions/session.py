"""What the sessions of all runtimes have in common."""
from abc import ABC, abstractmethod
from collections.abc import Mapping

from numpy import ndarray

from fcos_mm.errors import UserError, first_line
from fcos_mm.runtime.info import ModelInfo


class Session(ABC):
    """An exported network that may be called by several threads at once.

    Attributes:
        info: The metadata of the file.
    """
    info: ModelInfo

    @abstractmethod
    def run(self, inputs: Mapping[str, ndarray]) -> dict[str, ndarray]:
        """Run the network.

        Args:
            inputs: ``images`` (B, 3, H, W) float32 and, in mode ``nms``, ``sizes`` (B, 2)
                float32. What the network does not take is left out.

        Returns:
            The outputs by name, see :mod:`fcos_mm.runtime.info`.
        """


def damaged(path: str, error: Exception) -> UserError:
    """The error for a file that its runtime cannot read."""
    reason = first_line(error)
    return UserError(f'{path} cannot be loaded: {reason}\nThe file is damaged, or written for a '
                     'newer runtime. Export the model again, or update the runtime.')


def no_device(device: str, available: list[str], remedy: str = '') -> UserError:
    """The error for a device that a runtime cannot use."""
    return UserError(f'device {device!r}: this runtime does not have it; it has '
                     f'{", ".join(available)}.{remedy}')
