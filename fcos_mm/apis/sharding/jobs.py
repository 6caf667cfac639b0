"""Which worker does what next, whichever of them die."""
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, NamedTuple, Protocol

from fcos_mm.apis.sharding.results import failed
from fcos_mm.errors import UserError

#: So many workers may die at a job before its pictures are done one by one, and at one picture
#: before it counts as failed.
TRIES = 3
#: So many workers in a row may die before they are ready.
STARTS = 5
#: Seconds that a worker may take for each picture of a job.
PICTURE_TIMEOUT = 120.
#: Seconds that a worker may take to open its network, once its process runs.
OPEN_TIMEOUT = 600.


@dataclass(frozen=True, kw_only=True)
class Job:
    """Pictures for one worker.

    Attributes:
        shard: The number of their shard, from 0.
        indices: Which of the pictures of the shard.
        locations: Where they are.
        deaths: How many workers died at it.
    """
    shard: int
    indices: tuple[int, ...]
    locations: tuple[str, ...]
    deaths: int = 0

    def parts(self) -> Iterator['Job']:
        """A job for each picture."""
        for index, location in zip(self.indices, self.locations):
            yield Job(shard=self.shard, indices=(index, ), locations=(location, ))


class Event(NamedTuple):
    """What a worker reports.

    ``kind`` is ``'started'`` when its process runs, ``'opened'`` with the facts of its network,
    ``'done'`` with the results of a job, or ``'died'`` with a text: then the worker is gone and
    will report nothing more.
    """
    worker: int
    kind: str
    value: Any


class Engine(Protocol):
    """Runs workers."""

    def hire(self) -> int:
        """Start a worker, which reports ``'started'`` and ``'opened'``; its number."""

    def submit(self, worker: int, locations: Sequence[str]) -> None:
        """Give pictures to a worker that is idle."""

    def wait(self, seconds: float | None) -> Event | None:
        """The next report; None if there is none within some seconds."""

    def dismiss(self, worker: int) -> None:
        """End a worker, which will report nothing more."""


@dataclass(kw_only=True)
class Dispatcher:
    """Gives jobs to workers until every job has its results, each once.

    Attributes:
        engine: Where the workers run.
        workers: How many at most.
        jobs: Jobs; the next one is asked for when a worker is idle.
        picture_timeout: Seconds that a worker may take for each picture of its job before it is
            replaced.
        open_timeout: Seconds that a worker may take to open its network. The time until it has
            started is not limited: a cluster may have no room for it yet.
        clock: Tells seconds.
    """
    engine: Engine
    workers: int
    jobs: Iterator[Job]
    picture_timeout: float = PICTURE_TIMEOUT
    open_timeout: float = OPEN_TIMEOUT
    clock: Callable[[], float] = time.monotonic
    _again: deque[Job] = field(default_factory=deque, init=False)
    _busy: dict[int, Job | None] = field(default_factory=dict, init=False)  # None: opening
    _ends: dict[int, float] = field(default_factory=dict, init=False)  # of its job or its opening
    _idle: list[int] = field(default_factory=list, init=False)
    _starts: int = field(default=0, init=False)  # that failed in a row

    def run(self) -> Iterator[tuple[str, Any]]:
        """Yield ``('opened', facts)`` of each worker, ``('done', (job, results))``,
        ``('died', (job, reason))`` of each worker that died; its job is None if it was not ready;
        and ``('late', (job, reason))`` of each that was replaced because it took too long.

        Raises:
            UserError: If workers die before they are ready, again and again.
        """
        self._employ()
        while self._ahead(1) or any(self._busy.values()):
            event = self.engine.wait(self._left())
            if event is not None:
                yield from self._take(*event)
            yield from self._replace_late()
            self._employ()

    def _take(self, worker: int, kind: str, value: Any) -> Iterator[tuple[str, Any]]:
        if kind == 'started':
            self._ends[worker] = self.clock() + self.open_timeout
            return
        job = self._busy.pop(worker)
        self._ends.pop(worker, None)
        if kind == 'died':
            yield kind, (job, value)
            yield from self._after_death(job, value)
        else:
            self._idle.append(worker)
            self._starts = 0
            yield kind, (value if job is None else (job, value))

    def _left(self) -> float | None:
        """Seconds until a worker is late; None if none has a limit."""
        return max(0., min(self._ends.values()) - self.clock()) if self._ends else None

    def _replace_late(self) -> Iterator[tuple[str, Any]]:
        """End workers that took too long; the pictures of their jobs are done one by one."""
        now = self.clock()
        for worker in [worker for worker, end in self._ends.items() if end <= now]:
            job = self._busy.pop(worker)
            del self._ends[worker]
            self.engine.dismiss(worker)
            if job is None:
                reason = f'the model was not open within {self.open_timeout:g} s'
                yield 'died', (None, reason)
                yield from self._after_death(None, reason)
                continue
            reason = f'no result within {self.picture_timeout * len(job.indices):g} s'
            yield 'late', (job, reason)
            if len(job.indices) > 1:
                self._again.extendleft(reversed(list(job.parts())))
            else:
                yield 'done', (job, [failed(f'failed ({reason}) and was skipped')])

    def _employ(self) -> None:
        """Give each idle worker a job, and hire for those that are left."""
        while self._idle and self._ahead(1):
            worker, job = self._idle.pop(), self._again.popleft()
            self.engine.submit(worker, job.locations)
            self._busy[worker] = job
            self._ends[worker] = self.clock() + self.picture_timeout * len(job.indices)
        opening = list(self._busy.values()).count(None)
        while len(self._busy) + len(self._idle) < self.workers and self._ahead(opening + 1):
            self._busy[self.engine.hire()] = None
            opening += 1

    def _ahead(self, number: int) -> bool:
        """Whether so many jobs are left."""
        self._again.extend(islice(self.jobs, max(0, number - len(self._again))))
        return len(self._again) >= number

    def _after_death(self, job: Job | None, reason: str) -> Iterator[tuple[str, Any]]:
        if job is None:
            self._starts += 1
            if self._starts >= STARTS:
                raise UserError(f'{STARTS} workers in a row died before they were ready: {reason}'
                                '\nStart fewer by --workers, or see the log of Ray.')
            return
        job = replace(job, deaths=job.deaths + 1)
        if job.deaths < TRIES:
            self._again.appendleft(job)
        elif len(job.indices) > 1:
            self._again.extendleft(reversed(list(job.parts())))
        else:
            yield 'done', (job, [failed(f'failed (it ended {TRIES} workers: {reason}) and was '
                                        'skipped')])
