"""An engine without processes."""
from collections import deque
from itertools import count

import pytest

from fcos_mm.apis.sharding.jobs import Event


class FakeEngine:
    """Workers that answer in the order in which they were asked, or die.

    ``dies(worker, locations)`` says whether a worker dies at a job, or at opening (locations None);
    ``hangs(locations)`` whether it never answers; at opening they are its number.
    ``clock`` tells the seconds that were waited; each job takes ``takes`` of them.
    """

    def __init__(self, dies=lambda worker, locations: False, result=None,
                 hangs=lambda locations: False, takes=0):
        self.hangs, self.takes, self.now = hangs, takes, 0.
        self.dies, self.result = dies, result or (lambda location: dict(boxes=[], scores=[],
                                                                        labels=[], near=0))
        self.numbers, self.events, self.jobs, self.alive = count(), deque(), [], set()
        self.most = 0  # workers at one time

    def hire(self):
        worker = next(self.numbers)
        self.alive.add(worker)
        self.most = max(self.most, len(self.alive))
        self.events.append(Event(worker, 'started', None))
        if self.hangs(worker):
            return worker
        self._report(worker, None, 'opened', dict(classes=['cup', 'jar'], threshold='0.3', pid=1,
                                                  host='here'))
        return worker

    def submit(self, worker, locations):
        assert worker in self.alive
        self.jobs.append(tuple(locations))
        if self.hangs(locations):
            return
        self._report(worker, locations, 'done', [self.result(one) for one in locations])

    def clock(self):
        return self.now

    def dismiss(self, worker):
        assert all(event.worker != worker for event in self.events)
        self.alive.remove(worker)

    def wait(self, seconds=None):
        assert self.events or seconds is not None, 'waits for ever'
        if not self.events:
            self.now += seconds
            return None
        event = self.events.popleft()
        self.now += self.takes * (event.kind == 'done')
        if event.kind == 'died':
            self.alive.discard(event.worker)
        return event

    def _report(self, worker, locations, kind, value):
        died = self.dies(worker, locations)
        self.events.append(Event(worker, 'died', 'killed') if died else
                           Event(worker, kind, value))


@pytest.fixture
def fake_engine():
    return FakeEngine
