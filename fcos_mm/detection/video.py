"""Reading videos frame by frame, and writing them."""
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fcos_mm.compat.extras import import_extra
from fcos_mm.detection.detections_file import OutputError
from fcos_mm.errors import UserError

_USUAL_RATE = 25  # frames a second, where a video does not say it
_MISSING = 0.02  # of all frames: what the header of a whole video may promise too much
#: Codecs by the ending of the file, tried in order; which ones there are depends on the build.
_CODECS = (('.mp4', 'mp4v'), ('.avi', 'MJPG'))


class VideoError(UserError):
    """A video cannot be read, or breaks off."""


class VideoReader:
    """The frames of a video, in order; ``count`` is what its header says, 0 if nothing."""

    def __init__(self, path: str) -> None:
        self._path = path
        cv2 = import_extra('cv2', 'A video')
        self._capture = cv2.VideoCapture(path)
        self.count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        self.rate = self._capture.get(cv2.CAP_PROP_FPS) or _USUAL_RATE

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield (height, width, 3) uint8, BGR.

        Raises:
            VideoError: If the video cannot be opened, or ends before its last frame.
        """
        number = 0
        try:
            while (frame := self._capture.read()[1]) is not None:
                number += 1
                yield frame
        finally:
            self._capture.release()
        if not number:
            raise VideoError('cannot be read as a video and was skipped; if other programs play '
                             'it, convert it to .mp4 (H.264)')
        if number < self.count * (1 - _MISSING) - 1:
            raise VideoError(f'ends after {number} of {self.count} frames, which were processed')


class VideoWriter:
    """A video that is written frame by frame; its size is the first frame's.

    Args:
        path: Without an ending: that depends on the codecs of this machine.
        rate: Frames a second.
    """

    def __init__(self, path: str, rate: float) -> None:
        self.path = path
        self._rate = rate
        self._cv2 = import_extra('cv2', 'A video')
        self._writer: Any = None  # cv2.VideoWriter
        self._size = (0, 0)

    def add(self, frame: np.ndarray) -> None:
        """Add a frame, (height, width, 3) uint8 RGB.

        Raises:
            OutputError: If no codec of this machine can write it.
        """
        if self._writer is None:
            self._size = frame.shape[1], frame.shape[0]
            self._writer = self._open()
        if frame.shape[1::-1] != self._size:  # some videos change their size
            frame = self._cv2.resize(frame, self._size)
        self._writer.write(np.ascontiguousarray(frame[..., ::-1]))

    def close(self) -> None:
        """Write the end of the file."""
        if self._writer is not None:
            self._writer.release()

    def _open(self):
        os.makedirs(Path(self.path).parent, exist_ok=True)
        for ending, codec in _CODECS:
            writer = self._cv2.VideoWriter(
                self.path + ending, self._cv2.VideoWriter_fourcc(*codec), self._rate, self._size)
            if writer.isOpened():
                self.path += ending
                return writer
            Path(self.path + ending).unlink(missing_ok=True)
        raise OutputError(self.path, OSError('OpenCV on this machine cannot write a video there'))


def frames_of(path: str) -> int:
    """How many frames a video has by its header; 1 if that is unknown."""
    return VideoReader(path).count or 1
