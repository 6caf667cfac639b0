"""An engine without processes."""
from collections import deque
from itertools import count

import pytest

from fcos_mm.apis.sharding.jobs import Event


class FakeEngine:
    """Workers that answer in the order in which they were asked, or die.

    ``dies(worker, locations)`` says whether a worker dies at a job, or at opening (locations None).
    """

    def __init__(self, dies=lambda worker, locations: False, result=None):
        self.dies, self.result = dies, result or (lambda location: dict(boxes=[], scores=[],
                                                                        labels=[], near=0))
        self.numbers, self.events, self.jobs, self.alive = count(), deque(), [], set()
        self.most = 0  # workers at one time

    def hire(self):
        worker = next(self.numbers)
        self.alive.add(worker)
        self.most = max(self.most, len(self.alive))
        self._report(worker, None, 'opened', dict(classes=['cup', 'jar'], threshold='0.3', pid=1,
                                                  host='here'))
        return worker

    def submit(self, worker, locations):
        assert worker in self.alive
        self.jobs.append(tuple(locations))
        self._report(worker, locations, 'done', [self.result(one) for one in locations])

    def wait(self):
        event = self.events.popleft()
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
