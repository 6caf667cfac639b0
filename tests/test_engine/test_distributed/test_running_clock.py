"""Time that counts, and time for which a process was stopped."""
from types import SimpleNamespace

import pytest

from fcos_mm.engine.distributed import running_clock
from fcos_mm.engine.distributed.running_clock import RunningClock


@pytest.fixture
def world(monkeypatch):
    """``world.now``, seconds of the world's clock."""
    world = SimpleNamespace(now=100.)
    monkeypatch.setattr(running_clock.time, 'monotonic', lambda: world.now)
    return world


def test_a_running_process(world):
    clock = RunningClock(longest_gap=5)
    began = clock.now()
    world.now += 60  # nobody ticks yet
    assert clock.now() - began == 60
    for _ in range(10):
        clock.tick()
        world.now += 4
        assert clock.now() - began == 60 + world.now - 160


@pytest.mark.parametrize('looks', [False, True], ids=['ticks first', 'is read first'])
def test_a_process_that_was_stopped(world, looks):
    clock = RunningClock(longest_gap=5)
    clock.tick()
    began = clock.now()
    world.now += 3600
    if looks:  # before the thread that ticks has run again
        assert clock.now() - began == 5
    clock.tick()
    assert clock.now() - began == 5
    world.now += 2
    assert clock.now() - began == 7
