"""Download a file: resumed after a cut, checked, and under its name once it is whole."""
import errno
import http.client
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fcos_mm.checkpoints.zoo.partial import Checksum, PartialFile
from fcos_mm.checkpoints.zoo.request import (
    Interrupted,
    RangeError,
    interruption,
    open_address,
)
from fcos_mm.errors import UserError

#: Called with the bytes that are there and those of the whole file; None: the server does not say.
Show = Callable[[int, int | None], None]

_BLOCK = 2**18
_SPARE = 64 * 2**20  # bytes of the disk that stay free
_PAUSES = (1., 2., 4.)  # seconds before new attempts, as long as no byte arrives
_PAGE = re.compile(rb'\s*<(!doctype|html|head|body|\?xml)', re.IGNORECASE)
_POINTER = b'version https://git-lfs'


@dataclass(frozen=True)
class Download:
    """What to download, and where to.

    Attributes:
        address: Of http or https.
        path: The file; its folder exists.
        sha256: The first digits of its checksum, or all; empty if not known.
        remedy: What error messages advise.
    """

    address: str
    path: Path
    sha256: str = ''
    remedy: str = 'Check the address and the network.'

    def refuse(self, reason: str) -> UserError:
        """The error that the file cannot be downloaded, for this reason."""
        return UserError(f'{self.address} cannot be downloaded: {reason}.\n{self.remedy}')


def download(wanted: Download, show: Show = lambda done, total: None) -> str:
    """Download a file; what an earlier call left is continued.

    The part that is there stays for the next call if this one fails. Only one process may download
    a file at a time: see :func:`fcos_mm.checkpoints.zoo.lock.locked`.

    Args:
        wanted: The file.
        show: Shows the progress.

    Returns:
        The SHA-256 of the file.

    Raises:
        UserError: If it cannot be downloaded or written, or has another checksum.
    """
    part = PartialFile(wanted.path, wanted.address)
    failures, most = 0, -1
    while True:
        try:
            digest = _attempt(wanted, part, show)
            part.finish(wanted.path)
            return digest
        except Interrupted as error:
            if part.size <= most:
                failures += 1
            else:
                failures, most = 0, part.size
            if failures >= len(_PAUSES):
                kept = f' ({_megabytes(part.size)} are kept)' if part.size else ''
                raise wanted.refuse(f'{error}{kept}') from error
            time.sleep(_PAUSES[failures])
        except OSError as error:
            raise _unwritable(wanted.path, error) from error


def _attempt(wanted: Download, part: PartialFile, show: Show) -> str:
    """Download what is missing; returns the checksum of the whole."""
    resumed, validator = 0, part.validator()
    if validator is not None:
        resumed = part.size
    headers = {'Range': f'bytes={resumed}-', 'If-Range': validator} if resumed else {}
    try:
        with open_address(wanted.address, headers, wanted.remedy) as response:
            resumed = resumed if _continues(response, resumed) else 0
            digest = _receive(wanted, part, response, resumed, show)
    except RangeError as error:
        if error.size != part.size:
            part.discard()
            raise Interrupted('the server has another version of the file now') from error
        digest = part.checksum()
    found = digest.hexdigest()
    if not found.startswith(wanted.sha256):
        part.discard()
        if resumed:
            raise Interrupted('the parts of the file do not fit together')
        raise wanted.refuse(f'its SHA-256 is {found} and should begin with {wanted.sha256}; the '
                            'file was changed at its source or on the way, and was removed')
    return found


def _continues(response: http.client.HTTPResponse, offset: int) -> bool:
    """Whether the server sends what follows the part, not the whole file."""
    start = re.match(r'bytes (\d+)-', response.headers.get('Content-Range', ''))
    return response.status == 206 and start is not None and int(start[1]) == offset


def _receive(wanted: Download, part: PartialFile, response: http.client.HTTPResponse,
             offset: int, show: Show) -> Checksum:
    """Append what a server sends; returns the checksum of all."""
    if response.headers.get('Content-Encoding', 'identity') != 'identity':
        raise wanted.refuse('the server sends it compressed, which was not asked for')
    length = response.headers.get('Content-Length')
    total = None if length is None else offset + int(length)
    _check_space(wanted.path, (total or 0) - offset)
    block = _read(response)
    if not offset:
        if response.headers.get_content_type() == 'text/html' or _PAGE.match(block):
            raise wanted.refuse('a web page comes in place of the file. Perhaps the network asks '
                                'for a login, or the file has moved')
        if block.startswith(_POINTER):
            raise wanted.refuse('a pointer of Git LFS comes in place of the file')
        part.begin(response.headers)
    digest = part.checksum()
    with part.path.open('ab') as file:
        while block:
            show(file.tell(), total)
            file.write(block)
            digest.update(block)
            file.flush()
            block = _read(response)
        os.fsync(file.fileno())
        done = file.tell()
    show(done, total)
    if not done or total is not None and done < total:
        of_all = '' if total is None else f' of {total:,}'
        raise Interrupted(f'the connection ended after {done:,}{of_all} bytes')
    if total is not None and done > total:
        part.discard()
        raise Interrupted(f'the server sends more than the {total:,} bytes that it says')
    return digest


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(_BLOCK)
    except http.client.IncompleteRead as error:
        return error.partial
    except (OSError, http.client.HTTPException) as error:
        raise interruption(error) from error


def _check_space(path: Path, needed: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if needed and free < needed + _SPARE:
        raise UserError(
            f'{path} does not fit: {_megabytes(needed)} are to be downloaded and '
            f'{_megabytes(free)} are free in {path.parent}.\nFree some space, or name another '
            'folder: FCOS_MM_CACHE=DIR')


def _unwritable(path: Path, error: OSError) -> UserError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return UserError(
        f'{path} cannot be written: {error.strerror or error}.\n'
        f'{"Free some space" if full else "Use a folder that you can write to"}, or name another '
        'folder: FCOS_MM_CACHE=DIR')


def _megabytes(size: int) -> str:
    return f'{size / 1e6:,.1f} MB'
