"""Waiting pictures, and the one thread that runs the model on them in batches."""
import asyncio
import logging
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fcos_mm.errors import UserError
from fcos_mm.serving.answers import Answer, Question, answer
from fcos_mm.serving.metrics import Metrics
from fcos_mm.serving.refusals import Refusal
from fcos_mm.serving.settings import Settings

_LOGGER = logging.getLogger('fcos_mm.serving')
_LONGEST_RETRY = 60


@dataclass(eq=False, kw_only=True)
class Job:
    """A picture that waits.

    Attributes:
        data: The encoded picture; None once it is decoded.
        pixels: Their number.
        question: What is wanted.
        counted: Whether it is a request's, and not the server's own.
        future: Gets the answer, or what to raise; cancelled if nobody waits any more.
    """
    data: bytes | None
    pixels: int
    question: Question
    counted: bool = True
    future: asyncio.Future = field(default_factory=lambda: (
        asyncio.get_running_loop().create_future()))


class Batcher:
    """Runs a detector on the pictures of all requests.

    Args:
        detector: ``runtime.Detector`` with ``score_thr=0``, or what behaves like one.
        settings: Limits.
        metrics: Counts batches and pictures.
        read: ``runtime.images.read_image``, or what behaves like it.
    """

    def __init__(self, detector, settings: Settings, metrics: Metrics,
                 read: Callable[..., Any]) -> None:
        self.detector, self.settings, self.metrics, self._read = detector, settings, metrics, read
        self._waiting: deque[Job] = deque()
        self._seconds = 0.0  # of a picture, of late
        self._running_since: float | None = None
        self.answered = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def stuck(self) -> bool:
        """Whether the model has worked on one batch for longer than a request may take."""
        since = self._running_since
        return since is not None and time.monotonic() - since > self.settings.timeout

    def start(self) -> None:
        """Start the thread; called in a running event loop."""
        self._arrived = asyncio.Event()
        self._worker = _Worker()
        self._task = asyncio.get_running_loop().create_task(self._serve())

    async def stop(self) -> None:
        """End the thread once its batch is done. Pictures that still wait get no answer."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for job in self._waiting:
            job.future.cancel()
        self._worker.stop()

    def check_room(self) -> None:
        """Raise a refusal with status 503 if no further picture may wait."""
        if len(self._waiting) >= self.settings.max_queue:
            seconds = math.ceil(len(self._waiting) * self._seconds)
            raise Refusal(503, f'{len(self._waiting)} pictures wait already. Try again later.',
                          retry_after=min(max(seconds, 1), _LONGEST_RETRY))

    def put(self, job: Job) -> None:
        """Let a picture wait; see :meth:`check_room`."""
        self.check_room()
        self._waiting.append(job)
        self._arrived.set()

    def drop(self, job: Job) -> None:
        """Nobody waits for this answer any more."""
        job.future.cancel()
        if job in self._waiting:
            self._waiting.remove(job)

    async def _serve(self) -> None:
        while True:
            jobs = await self._next_batch()
            begin = self._running_since = time.monotonic()
            try:
                outcomes = await self._worker.call(lambda jobs=jobs: self._answer(jobs))
            except Exception as error:
                outcomes = [_refusal(error)] * len(jobs)
            self._running_since = None
            self._count(jobs, outcomes, time.monotonic() - begin)
            for job, outcome in zip(jobs, outcomes):
                if job.future.done():
                    continue
                if isinstance(outcome, Exception):
                    job.future.set_exception(outcome)
                else:
                    job.future.set_result(outcome)

    async def _next_batch(self) -> list[Job]:
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            await self._wait_for_more()
            jobs, pixels = [], 0
            while self._waiting and len(jobs) < self.settings.batch_size:
                pixels += self._waiting[0].pixels
                if jobs and pixels > self.settings.max_pixels:
                    break
                jobs.append(self._waiting.popleft())
            if jobs:
                return jobs

    async def _wait_for_more(self) -> None:
        until = time.monotonic() + self.settings.max_wait_ms / 1000
        while len(self._waiting) < self.settings.batch_size and time.monotonic() < until:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), until - time.monotonic())
            except asyncio.TimeoutError:
                return

    def _count(self, jobs: Sequence[Job], outcomes: Sequence[Answer | Exception],
               seconds: float) -> None:
        self.answered = self.answered or any(isinstance(one, Answer) for one in outcomes)
        self._seconds += .2 * (seconds / len(outcomes) - self._seconds)
        counted = [outcome for job, outcome in zip(jobs, outcomes) if job.counted]
        if not counted:
            return
        answers = [outcome for outcome in counted if isinstance(outcome, Answer)]
        self.metrics.batches.add(len(counted))
        self.metrics.model.add(seconds)
        self.metrics.images += len(answers)
        self.metrics.detections += sum(one.found for one in answers)

    def _answer(self, jobs: Sequence[Job]) -> list[Answer | Exception]:
        """The answers, in the order of the jobs; called in the worker's thread."""
        outcomes: dict[int, Answer | Exception] = {}
        images = {}
        for index, job in enumerate(jobs):
            try:
                if job.future.cancelled():
                    raise Refusal(Refusal.GONE, 'Nobody waits for this picture.')
                images[index] = self._read(job.data, max_pixels=self.settings.max_pixels)
            except Exception as error:
                outcomes[index] = _refusal(error)
            job.data = None
        for index, found in zip(images, self._detect(list(images.values()))):
            try:
                outcomes[index] = (found if isinstance(found, Exception) else
                                   answer(found, jobs[index].question, self.detector.info))
            except Exception as error:
                outcomes[index] = _refusal(error)
        return [outcomes[index] for index in range(len(jobs))]

    def _detect(self, images: list) -> list:
        """Detections, or what to raise, of each image; where a batch fails each runs alone."""
        try:
            return self.detector(images, batch_size=len(images)) if images else []
        except Exception as error:
            if len(images) == 1:
                return [_refusal(error)]
        return [self._detect([image])[0] for image in images]


def _refusal(error: Exception) -> Refusal:
    """What the client is told; it sees nothing of an unexpected error, which is logged."""
    if isinstance(error, Refusal):
        return error.with_traceback(None)  # whose frames hold pictures
    if isinstance(error, UserError):
        return Refusal(400, ' '.join(str(error).split()))
    _LOGGER.error('The model failed on a picture', exc_info=error)
    return Refusal(500, 'The model failed on this picture. The log of the server tells more.')


class _Worker:
    """A thread that runs one function after another; the process does not wait for it to end."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue = queue.SimpleQueue()
        threading.Thread(target=self._run, name='model', daemon=True).start()

    async def call(self, function: Callable[[], Any]) -> Any:
        """Its result; cancelling this does not stop the function."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._calls.put((function, loop, future))
        return await future

    def stop(self) -> None:
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            function, loop, future = call
            result, error = None, None
            try:
                result = function()
            except Exception as raised:
                error = raised
            try:
                loop.call_soon_threadsafe(_settle, future, result, error)
            except RuntimeError:  # the event loop has been closed meanwhile
                return
            del function, future, call, result, error


def _settle(future: asyncio.Future, result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
