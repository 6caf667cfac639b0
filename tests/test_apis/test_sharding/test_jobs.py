"""Every job has its results once, whichever workers die."""
import random
from collections import Counter

import pytest

from fcos_mm.apis.sharding.jobs import STARTS, TRIES, Dispatcher, Job
from fcos_mm.errors import UserError


def jobs_of(sizes):
    for shard, size in enumerate(sizes):
        yield Job(shard=shard, indices=tuple(range(size)),
                  locations=tuple(f'{shard}/{index}' for index in range(size)))


def in_job(what, location):
    return not isinstance(what, int) and location in what


def dispatched(engine, sizes, workers=2, **options):
    """The results by location, and what else was reported."""
    results, told = {}, Counter()
    for kind, value in Dispatcher(engine=engine, workers=workers, jobs=jobs_of(sizes),
                                  clock=engine.clock, **options).run():
        told[kind] += 1
        if kind == 'done':
            job, found = value
            for location, result in zip(job.locations, found, strict=True):
                assert location not in results
                results[location] = result
    return results, told


@pytest.mark.parametrize('sizes, workers', [([], 2), ([1], 3), ([3, 3, 1], 2), ([2] * 20, 4)])
def test_all_is_done_once_by_no_more_workers_than_needed(fake_engine, sizes, workers):
    engine = fake_engine()
    results, told = dispatched(engine, sizes, workers)
    assert len(results) == sum(sizes)
    assert told['done'] == len(engine.jobs) == len(sizes)
    assert engine.most <= min(workers, len(sizes)) and told['died'] == 0


def test_jobs_are_asked_for_when_they_are_needed(fake_engine):
    asked = []
    jobs = (asked.append(job) or job for job in jobs_of([1] * 100))
    running = Dispatcher(engine=fake_engine(), workers=2, jobs=jobs).run()
    while next(running)[0] != 'done':
        pass
    assert len(asked) <= 4


@pytest.mark.parametrize('seed', range(5))
def test_workers_that_die_at_random(fake_engine, seed):
    """No more deaths than a single picture may cause alone: none can count as failed."""
    chance, left = random.Random(seed), [2 * TRIES - 1]

    def dies(worker, locations):
        died = locations is not None and left[0] > 0 and chance.random() < 0.4
        left[0] -= died
        return died

    results, told = dispatched(fake_engine(dies), [4] * 8, workers=3)
    assert len(results) == 32 and told['died'] == 2 * TRIES - 1 - left[0] > 0
    assert not any('failure' in result for result in results.values())


def test_a_picture_that_kills_its_worker_fails_alone(fake_engine):
    engine = fake_engine(lambda worker, locations: locations is not None and '1/2' in locations)
    results, told = dispatched(engine, [4, 4, 4])
    assert len(results) == 12
    assert [location for location, one in results.items() if 'failure' in one] == ['1/2']
    assert results['1/2']['failure'] == (
        'failed (it ended 3 workers: killed) and was skipped')
    assert told['died'] == 2 * TRIES
    assert engine.jobs.count(('1/0', '1/1', '1/2', '1/3')) == engine.jobs.count(('1/2', )) == TRIES
    assert engine.jobs.count(('1/3', )) == 1


def test_a_death_at_opening_is_not_that_of_a_job(fake_engine):
    engine = fake_engine(lambda worker, locations: locations is None and worker < STARTS - 1)
    results, told = dispatched(engine, [2, 2], workers=1)
    assert len(results) == 4 and told['died'] == STARTS - 1 and len(engine.jobs) == 2


def test_workers_that_never_are_ready(fake_engine):
    with pytest.raises(UserError, match=f'{STARTS} workers in a row died before .*: killed'):
        dispatched(fake_engine(lambda worker, locations: True), [2, 2])


@pytest.mark.parametrize('workers', [1, 2, 3])
def test_a_picture_that_hangs_fails_alone(fake_engine, workers):
    engine = fake_engine(hangs=lambda what: in_job(what, '1/2'))
    results, told = dispatched(engine, [4, 4, 4], workers, picture_timeout=10)
    assert len(results) == 12 and told['late'] == 2 and told['died'] == 0
    assert {location: one['failure'] for location, one in results.items() if 'failure' in one} == {
        '1/2': 'failed (no result within 10 s) and was skipped'}
    assert engine.jobs.count(('1/0', '1/1', '1/2', '1/3')) == engine.jobs.count(('1/2', )) == 1
    assert engine.now == 4 * 10 + 10  # by the pictures of the job
    assert engine.most <= workers


def test_a_worker_that_hangs_is_found_while_others_report(fake_engine):
    engine = fake_engine(hangs=lambda what: in_job(what, '0/0'), takes=1)
    order = []
    for kind, value in Dispatcher(engine=engine, workers=2, jobs=jobs_of([1] * 100),
                                  clock=engine.clock, picture_timeout=10).run():
        if kind == 'done':
            order.append(value[0].locations[0])
    assert 10 <= order.index('0/0') <= 12 and len(order) == 100


def test_a_worker_that_hangs_at_opening_is_replaced(fake_engine):
    engine = fake_engine(hangs=lambda what: what == 0)
    results, told = dispatched(engine, [2, 2], workers=1, open_timeout=50)
    assert len(results) == 4 and told['died'] == 1 and engine.now == 50
    with pytest.raises(UserError, match='before they were ready: .*not open within 50 s'):
        dispatched(fake_engine(hangs=lambda what: True), [2, 2], open_timeout=50)


def test_slow_workers_are_let_alone(fake_engine):
    engine = fake_engine(takes=39)
    results, told = dispatched(engine, [4] * 5, workers=1, picture_timeout=10)
    assert len(results) == 20 and told['late'] == 0 and len(engine.jobs) == 5
