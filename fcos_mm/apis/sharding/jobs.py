"""Which worker does what next, whichever of them die."""
from collections import deque
from collections.abc import Iterator, Sequence
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

    ``kind`` is ``'opened'`` with the facts of its network, ``'done'`` with the results of a job, or
    ``'died'`` with a text: then the worker is gone and will report nothing more.
    """
    worker: int
    kind: str
    value: Any


class Engine(Protocol):
    """Runs workers."""

    def hire(self) -> int:
        """Start a worker, which reports ``'opened'``; its number."""

    def submit(self, worker: int, locations: Sequence[str]) -> None:
        """Give pictures to a worker that is idle."""

    def wait(self) -> Event:
        """The next report."""


@dataclass(kw_only=True)
class Dispatcher:
    """Gives jobs to workers until every job has its results, each once.

    Attributes:
        engine: Where the workers run.
        workers: How many at most.
        jobs: Jobs; the next one is asked for when a worker is idle.
    """
    engine: Engine
    workers: int
    jobs: Iterator[Job]
    _again: deque[Job] = field(default_factory=deque, init=False)
    _busy: dict[int, Job | None] = field(default_factory=dict, init=False)  # None: opening
    _idle: list[int] = field(default_factory=list, init=False)
    _starts: int = field(default=0, init=False)  # that failed in a row

    def run(self) -> Iterator[tuple[str, Any]]:
        """Yield ``('opened', facts)`` of each worker, ``('done', (job, results))``, and
        ``('died', (job, reason))`` of each worker that died; its job is None if it was not ready.

        Raises:
            UserError: If workers die before they are ready, again and again.
        """
        self._employ()
        while self._ahead(1) or any(self._busy.values()):
            worker, kind, value = self.engine.wait()
            job = self._busy.pop(worker)
            if kind == 'died':
                yield kind, (job, value)
                yield from self._after_death(job, value)
            else:
                self._idle.append(worker)
                self._starts = 0
                yield kind, (value if job is None else (job, value))
            self._employ()

    def _employ(self) -> None:
        """Give each idle worker a job, and hire for those that are left."""
        while self._idle and self._ahead(1):
            worker, job = self._idle.pop(), self._again.popleft()
            self.engine.submit(worker, job.locations)
            self._busy[worker] = job
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
