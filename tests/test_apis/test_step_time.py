"""The measured speed."""
import itertools

from fcos_mm.apis import step_time


def test_median_of_the_steps_after_the_first(monkeypatch):
    # The clock is read at the start and after each step; the first step takes 50 s, the others
    # 1, 2, 3, ... s until 15 s have passed: that is after the first measured one.
    ticks = itertools.accumulate([0, 50, 1, 2, 3])
    monkeypatch.setattr(step_time.time, 'monotonic', lambda: next(ticks))
    assert step_time._seconds(lambda batch: None, ['a']) == 1


def test_short_loaders_start_again(monkeypatch):
    ticks = itertools.accumulate([0, 1, .1, .2, .3, .4, .5, .6, .7, .8])
    monkeypatch.setattr(step_time.time, 'monotonic', lambda: next(ticks))
    seen = []
    assert step_time._seconds(seen.append, ['a', 'b']) == .5
    assert seen == ['a', 'b'] * 4 + ['a']
