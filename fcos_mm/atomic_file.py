"""Atomic JSON, text and binary writes."""
import contextlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fcos_mm.errors import UserError

_SUFFIX = '.unfinished'


@contextlib.contextmanager
def replaced(path: str | Path, remedy: str = '') -> Iterator[Path]:
    """Write a file under another name beside it, and rename it once it is on the disk.

    After a crash or a power failure either the old file is there or the new one.

    Args:
        path: The file to replace or create.
        remedy: What the error message advises.

    Yields:
        The path to write to, in the same folder.

    Raises:
        UserError: If it cannot be written. What was at ``path`` is still there.
    """
    path = Path(path)
    unfinished = path.with_name(f'.{path.name}{_SUFFIX}')
    try:
        yield unfinished
        _sync(unfinished)
        os.replace(unfinished, path)
        _sync(path.parent)
    except OSError as error:
        raise UserError(_describe(path, error) + remedy) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()


@contextlib.contextmanager
def scratch_folder(path: str | Path) -> Iterator[Path]:
    """A folder beside a file, for what it is made of; removed afterwards.

    Raises:
        UserError: If it cannot be made there.
    """
    path = Path(path)
    try:
        folder = tempfile.TemporaryDirectory(dir=path.parent, prefix=f'.{path.name}_')
    except OSError as error:
        raise UserError(f'{path} cannot be written: {error.strerror or error}.\n'
                        'Name a file in a folder that exists and can be written to.') from error
    with folder as name:
        yield Path(name)


def write_text(text: str, path: str | Path) -> None:
    """Write a text file atomically.

    Raises:
        UserError: If it cannot be written.
    """
    with replaced(path) as unfinished:
        unfinished.write_text(text, encoding='utf-8')


def write_json(content: object, path: str | Path) -> None:
    """Write a JSON file atomically, with null for NaN and infinity.

    Raises:
        UserError: If it cannot be written.
    """
    write_text(json.dumps(_without_nan(content), indent=2, allow_nan=False), path)


def remove_unfinished(folder: str) -> None:
    """Remove what killed processes left; no process may be writing to the folder."""
    for path in Path(folder).glob(f'.*{_SUFFIX}'):
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of files, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _describe(path: Path, error: OSError) -> str:
    try:
        free = f'{shutil.disk_usage(path.parent).free / 2**20:,.0f} MiB are free there. '
    except OSError:
        free = ''
    return (f'{path} cannot be written: {error.strerror or error}. {free}'
            'What was written before is kept.')


def _without_nan(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
