"""A JSON file that grows image by image and is valid at any moment."""
import json
import os
from collections.abc import Sequence

from fcos_mm.errors import UserError

_END = b'\n]\n'


class OutputError(UserError):
    """Results cannot be written."""

    def __init__(self, path: str, error: OSError, kept: str = '') -> None:
        super().__init__(f'{path} cannot be written: {error.strerror or error}.'
                         f'{" " * bool(kept)}{kept}\nMake room, or choose another place by '
                         '--out-dir or --save-json.')


class DetectionsFile:
    """A list of detections on the disk; what was there is replaced.

    Additions replace the closing bracket in one write: the file is a valid JSON list whenever the
    process ends, and an image costs the same however many came before.

    Raises:
        OutputError: If it cannot be written.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.count = 0
        self._end = 1  # where the closing bracket's line begins
        unfinished = f'{path}.unfinished'
        try:
            self._file = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
            self._write(b'[' + _END, 0)
            os.replace(unfinished, path)
        except OSError as error:
            raise OutputError(path, error) from error

    def __enter__(self) -> 'DetectionsFile':
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def add(self, detections: Sequence[dict]) -> None:
        """Add the detections of an image, in COCO's result format.

        Raises:
            ValueError: If they hold what JSON does not have, such as NaN.
            OutputError: If they cannot be written; those before are kept.
        """
        if not detections:
            return
        rows = ',\n'.join(json.dumps(row, allow_nan=False) for row in detections)
        text = (',\n' if self.count else '\n').encode() + rows.encode()
        try:
            self._write(text + _END, self._end)
        except OSError as error:
            self._write(_END, self._end)  # fits where it was before
            os.ftruncate(self._file, self._end + len(_END))
            raise OutputError(self.path, error,
                              f'The {self.count} detections before are kept.') from error
        self._end += len(text)
        self.count += len(detections)

    def _write(self, content: bytes, place: int) -> None:
        while content:
            written = os.pwrite(self._file, content, place)
            content, place = content[written:], place + written
