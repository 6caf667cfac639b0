"""Heartbeats of one rank, and the clock; two ranks are in tests/test_distributed."""
from types import SimpleNamespace

import pytest

from fcos_mm.engine.distributed import watchdog
from fcos_mm.engine.distributed.watchdog import RunningClock, WatchdogHook


@pytest.fixture
def clock(monkeypatch):
    """``clock.now``, seconds."""
    clock = SimpleNamespace(now=0.)
    monkeypatch.setattr(watchdog.time, 'monotonic', lambda: clock.now)
    return clock


def step(hook, clock, runner, *, load, train):
    clock.now += load
    hook.before_train_iter(runner, 0)
    clock.now += train
    hook.after_train_iter(runner, 0)


def test_limits_come_from_the_usual_time(clock):
    hook, runner = WatchdogHook(stall_seconds=40, slow_seconds=1800), SimpleNamespace()
    hook.before_run(runner)
    for seconds in (100, 6, 8):  # the first one compiles
        step(hook, clock, runner, load=1, train=seconds)
        assert hook.beat().limit == 1800  # loading: before the first step it was starting
    step(hook, clock, runner, load=1, train=7)
    assert (hook.beat().phase, hook.beat().step) == ('loading data', 4)
    assert hook.beat().limit == 40  # ten times 1 s is less
    hook.before_train_iter(runner, 0)
    clock.now += 3
    beat = hook.beat()
    assert (beat.phase, beat.step, beat.age) == ('train step', 5, 3)
    assert beat.limit == 75  # ten times the median of 100, 6, 8, 7
    assert beat.silence_limit == 40


def test_other_phases_have_time(clock):
    hook, runner = WatchdogHook(), SimpleNamespace(val_dataloader=[0, 1])
    hook.before_run(runner)
    step(hook, clock, runner, load=1, train=1)
    for enter, phase in (
            (lambda: hook.before_save_checkpoint(runner, {}), 'saving a checkpoint'),
            (lambda: hook.after_train_epoch(runner), 'the end of a train epoch'),
            (lambda: hook.before_val_epoch(runner), 'starting a val epoch'),
            (lambda: hook.after_val_iter(runner, 1), 'evaluation'),
            (lambda: hook.after_val_epoch(runner), 'the end of a val epoch')):
        enter()
        beat = hook.beat()
        assert (beat.phase, beat.limit, beat.silence_limit) == (phase, 1800, 1800)
    hook.after_val_iter(runner, 0)
    assert hook.beat().phase == 'loading data'


def test_one_process_is_not_watched():
    hook = WatchdogHook()
    hook.before_run(SimpleNamespace())
    assert hook._watch is None
    hook.after_run(SimpleNamespace())


def test_running_process(clock):
    running = RunningClock()
    began = running.now()
    clock.now += 60  # nobody ticks yet
    assert running.now() - began == 60
    for _ in range(10):
        running.tick()
        clock.now += 4
        assert running.now() - began == clock.now


@pytest.mark.parametrize('looks', [False, True], ids=['ticks first', 'is read first'])
def test_suspended_process(clock, looks):
    running = RunningClock()
    running.tick()
    began = running.now()
    clock.now += 3600
    if looks:  # before the thread that ticks has run again
        assert running.now() - began == 5
    running.tick()
    assert running.now() - began == 5
    clock.now += 2
    assert running.now() - began == 7
