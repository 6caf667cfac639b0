"""Files that are whole or not there, whatever happens while they are written."""
import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from fcos_mm.errors import UserError

_SUFFIX = '.unfinished'


@contextlib.contextmanager
def replaced(path: str) -> Iterator[str]:
    """Write a file that takes the place of another only when it is whole.

    What is written lies beside it, under a name of its own, until it is on the
    disk. After the power has failed, either the old file is there or the new.

    Args:
        path: The file to replace, or to make.

    Yields:
        Where to write; in the same folder.

    Raises:
        UserError: If it cannot be written. What was at ``path`` is still there.
    """
    folder, name = os.path.split(path)
    unfinished = os.path.join(folder, f'.{name}{_SUFFIX}')
    try:
        yield unfinished
        _to_disk(unfinished)
        os.replace(unfinished, path)
        _to_disk(folder or os.curdir)
    except OSError as error:
        raise UserError(_describe(path, folder or os.curdir, error)) from error
    finally:
        Path(unfinished).unlink(missing_ok=True)


def remove_unfinished(folder: str) -> None:
    """Remove what a killed process has not finished writing.

    Args:
        folder: The folder; no process may be writing to it.
    """
    for path in Path(folder).glob(f'.*{_SUFFIX}'):
        path.unlink(missing_ok=True)


def _to_disk(path: str) -> None:
    """Wait until a file's content, or a folder's list of files, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _describe(path: str, folder: str, error: OSError) -> str:
    try:
        free = f'{shutil.disk_usage(folder).free / 2**20:,.0f} MiB are free there. '
    except OSError:
        free = ''
    return (f'{path} cannot be written: {error.strerror or error}. {free}'
            'What was written before is kept.\n'
            'Make room or choose another --work-dir, then go on with --resume.')
