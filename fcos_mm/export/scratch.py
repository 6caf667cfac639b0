"""A folder for files on the way to their final form."""
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fcos_mm.errors import UserError


@contextlib.contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """A folder beside a file, removed afterwards.

    Raises:
        UserError: If it cannot be made there.
    """
    try:
        folder = tempfile.TemporaryDirectory(dir=path.parent, prefix='.export_')
    except OSError as error:
        raise UserError(f'{path} cannot be written: {error.strerror or error}.\n'
                        'Name a file in a folder that exists and can be written to.') from error
    with folder as name:
        yield Path(name)
