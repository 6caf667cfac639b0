"""Detecting in all inputs of a command: what fails is noted and does not stop the others."""
import logging
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol, TextIO, TypeVar

import numpy as np

from fcos_mm.detection.detections_file import OutputError
from fcos_mm.detection.image_files import count_pages
from fcos_mm.detection.inputs import Inputs, is_video
from fcos_mm.detection.outputs import Outputs, Place
from fcos_mm.detection.progress import Bar, Lines, progress_on
from fcos_mm.detection.summary import HOPELESS, printable, reason_of, summarize
from fcos_mm.detection.tiles import Prepared
from fcos_mm.detection.video import VideoError, VideoReader, frames_of
from fcos_mm.errors import UserError
from fcos_mm.runtime.detections import Detections

T = TypeVar('T')
Item = tuple[Place, Prepared | Exception]


class Network(Protocol):
    """A detector, trained or exported."""

    def read_at_once(self, batch_size: int | None = None) -> int:
        """How many images :meth:`detect` should get in one call."""

    def prepare(self, image: str | np.ndarray) -> Prepared:
        """Read a file, or take (height, width, 3) uint8 BGR."""

    def detect(self, prepared: Sequence[Prepared], batch_size: int | None = None
               ) -> Iterator[Detections | Exception]:
        """The detections of each image, or what was raised for it."""


@dataclass(kw_only=True)
class Session:
    """Detects in one file after the other, reading the next ones meanwhile.

    Attributes:
        screen: Where lines for the user go.
        log: Gets the tracebacks.
        batch_size: None for the network's usual one.
        failures: Images and videos that failed, and why.
        images: How many images did not fail.
        frames: How many frames of videos did not.
        near: How many detections miss the threshold by a little.
    """
    network: Network
    inputs: Inputs
    outputs: Outputs
    screen: TextIO
    log: logging.Logger
    batch_size: int | None = None
    failures: list[tuple[str, str]] = field(default_factory=list)
    images: int = 0
    frames: int = 0
    near: int = 0

    def detect_all(self) -> None:
        """Detect in all inputs.

        Raises:
            OutputError: If results cannot be written.
            Exception: What the first images raised, if all of them failed and
                not because they cannot be read.
        """
        total = sum(frames_of(path) if is_video(path) else 1 for path in self.inputs.files)
        at_once = self.network.read_at_once(self.batch_size)
        with progress_on(self.screen, total) as progress:
            items = in_background(self._read(), 2 * at_once)
            while chunk := list(islice(items, at_once)):
                self._detect(chunk, progress)

    def _detect(self, items: list[Item], progress: Bar | Lines) -> None:
        found = self.network.detect([one for _, one in items if isinstance(one, Prepared)],
                                    self.batch_size)
        for place, read in items:
            try:
                outcome = self._write(place, next(found) if isinstance(read, Prepared) else read)
                pages = 1 if place.frame is not None else count_pages(place.path)
                if pages > 1:
                    progress.say(f'warning: {printable(place.path)} has {pages} pages; '
                                 'only the first is used')
            except OutputError:
                raise
            except Exception as error:
                outcome = self._note_failure(place, error)
                if (not self.images + self.frames and len(self.failures) >= HOPELESS
                        and not isinstance(error, UserError)):
                    raise
            progress.step(printable(place.path), outcome, place.frame)

    def _write(self, place: Place, found: Detections | Exception) -> str:
        if isinstance(found, Exception):
            raise found
        self.outputs.add(place, found)
        self.near += found.near
        self.images += place.frame is None
        self.frames += place.frame is not None
        return f'{len(found)} detections'

    def _read(self) -> Iterator[Item]:
        """Read images and frames; what cannot be read comes with the reason."""
        for path in self.inputs.files:
            place = Place(path=path, name=self.inputs.name(path))
            if is_video(path):
                yield from self._read_video(place)
            else:
                yield place, self._prepared(path)

    def _read_video(self, place: Place) -> Iterator[Item]:
        video = VideoReader(place.path)
        try:
            for number, frame in enumerate(video):
                yield (Place(path=place.path, name=place.name, frame=number, rate=video.rate),
                       self._prepared(frame))
        except VideoError as error:
            yield place, error

    def _prepared(self, image) -> Prepared | Exception:
        try:
            return self.network.prepare(image)
        except Exception as error:
            return error

    def _note_failure(self, place: Place, error: Exception) -> str:
        """Note that an image failed, with the traceback in the log; returns the reason."""
        reason = reason_of(error, place.path)
        where = place.path if place.frame is None else f'{place.path}, frame {place.frame}'
        skipped = '' if isinstance(error, VideoError) else ' and was skipped'
        self.failures.append((where, reason + skipped))
        self.log.info(f'{printable(where)}:\n{"".join(traceback.format_exception(error))}')
        return reason

    def summarize(self) -> None:
        """Print what was done, and list what failed."""
        summarize(self.screen, outputs=self.outputs, images=self.images, frames=self.frames,
                  near=self.near, others=self.inputs.others, failures=self.failures)


def in_background(items: Iterable[T], ahead: int) -> Iterator[T]:
    """Iterate in another thread, at most ``ahead`` items ahead."""
    end = object()
    iterator = iter(items)
    pool = ThreadPoolExecutor(1)
    try:
        waiting = deque(pool.submit(next, iterator, end) for _ in range(ahead))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(pool.submit(next, iterator, end))
            yield item
    finally:
        pool.shutdown(cancel_futures=True)
