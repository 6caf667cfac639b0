"""The folder of downloaded and converted files, and which file of it is which."""
import functools
import hashlib
import json
import os
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from fcos_mm.atomic_file import write_json
from fcos_mm.checkpoints.zoo.download import Download, Show, download
from fcos_mm.checkpoints.zoo.partial import checksum
from fcos_mm.checkpoints.zoo.table import ZooModel
from fcos_mm.config.shipped import shipped_folder
from fcos_mm.errors import UserError
from fcos_mm.version import __version__

FOLDER_VARIABLE, OFFLINE_VARIABLE = 'FCOS_MM_CACHE', 'FCOS_MM_OFFLINE'


class Record(NamedTuple):
    """What is known of a file that was downloaded.

    Attributes:
        sha256: Its checksum.
        size: In bytes.
    """
    sha256: str
    size: int


def cache_folder() -> Path:
    """``$FCOS_MM_CACHE``, else ``fcos_mm`` in the user's folder for caches."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named).expanduser().absolute()
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'fcos_mm'


def is_offline() -> bool:
    """Whether ``--offline`` or ``FCOS_MM_OFFLINE`` forbids downloads."""
    return os.environ.get(OFFLINE_VARIABLE, '').lower() not in ('', '0', 'no', 'false')


def file_of(model: ZooModel) -> Path:
    """Where the file of a published detector is, or would be."""
    return cache_folder() / 'downloads' / model.source / model.file_name


def converted_file(model: ZooModel) -> Path | None:
    """Where the converted checkpoint is, or would be; None before the download.

    The folder changes with the file and with the code that converts it.
    """
    record = read_record(file_of(model))
    if record is None:
        return None
    key = hashlib.sha256('\n'.join([
        record.sha256, model.source, str(model.variant), __version__, _state_of_code()]).encode())
    return cache_folder() / 'converted' / key.hexdigest()[:16] / model.name / f'{model.name}.pth'


def state_of(model: ZooModel) -> str:
    """What of a published detector is there: ``'ready'``, ``'downloaded'`` or ``''``."""
    ready = converted_file(model)
    if ready is not None and ready.is_file():
        return 'ready'
    return 'downloaded' if file_of(model).is_file() else ''


def make_folder(folder: Path) -> Path:
    """Make a folder of the cache.

    Raises:
        UserError: If it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
        reason = 'it is not yours to write to'
    except OSError as error:
        reason = error.strerror or str(error)
    raise UserError(f'{folder} cannot be used for downloads: {reason}.\n'
                    f'Name another folder: {FOLDER_VARIABLE}=DIR')


def read_record(path: Path) -> Record | None:
    """What was noted of a downloaded file; None if nothing."""
    try:
        facts = json.loads(_record_of(path).read_text(encoding='utf-8'))
        return Record(str(facts['sha256']), int(facts['size']))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def fetch(model: ZooModel, starting: Callable[[], Show]) -> Record:
    """Make sure that the file of a published detector is in the cache, unchanged.

    A file that lies there already, copied by hand, is taken. The caller holds its lock.

    Args:
        model: The detector.
        starting: Called before a download; returns what shows its progress.

    Raises:
        UserError: If it cannot be downloaded or must not be, or has another checksum.
    """
    path = file_of(model)
    if path.is_file():
        return _checked(model, path)
    if is_offline():
        raise UserError(f'{model.name} is not in the cache, and nothing is downloaded offline '
                        f'(--offline or {OFFLINE_VARIABLE}).\n{by_hand(model)}')
    wanted = Download(model.address, path, model.sha256_prefix, by_hand(model))
    record = Record(download(wanted, starting()), path.stat().st_size)
    _note(model, path, record)
    return record


def by_hand(model: ZooModel) -> str:
    """How to get the file of a published detector without this program."""
    return (f'Without network, download {model.address} on another machine, described at '
            f'{model.code}, and copy it to {file_of(model)}')


@functools.cache
def _state_of_code() -> str:
    """Changes with the files that make a converted checkpoint, in a checkout as well."""
    package = Path(__file__).resolve().parents[2]
    folders = (package / 'checkpoints' / 'convert', package / 'apis' / 'converting',
               shipped_folder('configs'))
    digest = hashlib.sha256()
    for file in sorted(file for folder in folders for file in folder.rglob('*.py')):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _checked(model: ZooModel, path: Path) -> Record:
    """The record of a file that is there; the first one is what later ones are compared with."""
    known = read_record(path)
    found = Record(_checksum(path), path.stat().st_size)
    expected = known.sha256 if known else model.sha256_prefix
    if not found.sha256.startswith(expected):
        raise UserError(
            f'{path} has changed: its SHA-256 is {found.sha256} and should '
            f'{"be" if known else "begin with"} {expected}.\nRemove it to download it again.')
    if known is None:
        _note(model, path, found)
    return found


def _checksum(path: Path) -> str:
    try:
        return checksum(path).hexdigest()
    except OSError as error:
        raise UserError(f'{path} cannot be read: {error.strerror}.') from error


def _note(model: ZooModel, path: Path, record: Record) -> None:
    write_json({**record._asdict(), 'address': model.address,
                'date': datetime.now(timezone.utc).isoformat(timespec='seconds')},
               _record_of(path))


def _record_of(path: Path) -> Path:
    return path.with_name(f'{path.name}.json')
