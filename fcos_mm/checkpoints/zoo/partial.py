"""The part of a file that has been downloaded, and whether the rest may be appended to it."""
import hashlib
import json
from http.client import HTTPMessage
from pathlib import Path

from fcos_mm.atomic_file import write_json

_BLOCK = 2**20
Checksum = type(hashlib.sha256())


class PartialFile:
    """``<name>.part`` beside the file, and ``<name>.part.json``, which says of what it is a part.

    Args:
        path: Where the whole file will be.
        address: Where it comes from.
    """

    def __init__(self, path: Path, address: str) -> None:
        self.path = path.with_name(f'{path.name}.part')
        self._facts = path.with_name(f'{path.name}.part.json')
        self._address = address

    @property
    def size(self) -> int:
        """Bytes that are there; 0 without a file."""
        return self.path.stat().st_size if self.path.exists() else 0

    def validator(self) -> str | None:
        """What identifies the version of the file: a strong ETag, else a date of modification.

        None if nothing is there that can be continued.
        """
        try:
            facts = json.loads(self._facts.read_text(encoding='utf-8'))
        except (OSError, ValueError):
            return None
        same = isinstance(facts, dict) and facts.get('address') == self._address
        return facts.get('validator') if same and self.size else None

    def begin(self, headers: HTTPMessage) -> None:
        """Start again with a version of the file, of which the server sent these headers."""
        self.path.write_bytes(b'')
        tag = headers.get('ETag', '')
        validator = tag if tag.startswith('"') else headers.get('Last-Modified')
        write_json({'address': self._address, 'validator': validator}, self._facts)

    def checksum(self) -> Checksum:
        """The SHA-256 of what is there."""
        return checksum(self.path) if self.size else hashlib.sha256()

    def discard(self) -> None:
        """Remove it."""
        self.path.unlink(missing_ok=True)
        self._facts.unlink(missing_ok=True)

    def finish(self, path: Path) -> None:
        """Give the file its name."""
        self.path.replace(path)
        self._facts.unlink(missing_ok=True)


def checksum(path: Path) -> Checksum:
    """The SHA-256 of a file, to be continued."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest
