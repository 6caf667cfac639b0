"""Files are removed only when what replaces them is safe."""
from pathlib import Path

from mmengine.fileio import LocalBackend


class LateRemoval(LocalBackend):
    """Files of this machine; what is to be removed stays until ``flush``."""

    def __init__(self) -> None:
        super().__init__()
        self._removed = []

    def remove(self, filepath: str) -> None:
        """Remove a file later.

        Args:
            filepath: The file.
        """
        self._removed.append(str(filepath))

    def flush(self, keep: set) -> None:
        """Remove the files now.

        Args:
            keep: Those that have been written anew and stay.
        """
        for path in set(self._removed) - keep:
            Path(path).unlink(missing_ok=True)
        self._removed = []
