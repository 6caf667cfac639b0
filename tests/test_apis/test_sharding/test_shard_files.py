"""A shard's results are whole or not there."""
import json

import pytest

from fcos_mm.apis.sharding.pictures import Picture
from fcos_mm.apis.sharding.results import failed
from fcos_mm.apis.sharding.shard_files import ShardFiles

PICTURES = [Picture(f'/in/{name}.png', f'{name}.png') for name in 'abcde']
RESULT = dict(boxes=[[0., 1., 2., 3.]], scores=[.5], labels=[1], near=0)


@pytest.fixture
def shards(tmp_path):
    return lambda: ShardFiles(folder=tmp_path, pictures=PICTURES, size=2)


def test_shards_are_written_whole_and_not_asked_for_again(shards, tmp_path):
    files = shards()
    jobs = list(files.jobs())
    assert [job.locations for job in jobs] == [
        ('/in/a.png', '/in/b.png'), ('/in/c.png', '/in/d.png'), ('/in/e.png', )]
    first, second = jobs[0].parts()
    assert files.add(second, [RESULT]) is None
    assert not list(tmp_path.iterdir())
    assert set(files.add(first, [RESULT])) == {0, 1}
    files.add(jobs[2], [RESULT])
    assert sorted(path.name for path in tmp_path.iterdir()) == ['00001-of-00003.json',
                                                                '00003-of-00003.json']
    assert json.loads((tmp_path / '00001-of-00003.json').read_text()) == [
        dict(name='a.png', **RESULT), dict(name='b.png', **RESULT)]
    assert [job.shard for job in shards().jobs()] == [1]


def test_only_what_failed_is_tried_again(shards):
    files = shards()
    job, *_ = files.jobs()
    files.add(job, [RESULT, failed('failed (odd)', trace='long')])
    assert 'trace' not in files.read(0)[1]
    files = shards()
    again, *_ = files.jobs()
    assert again.shard == 0 and again.locations == ('/in/b.png', ) and again.indices == (1, )
    whole = files.add(again, [RESULT])
    assert 'failure' not in whole[1]
    assert [job.shard for job in shards().jobs()] == [1, 2]


def test_a_second_result_is_refused(shards):
    files = shards()
    job, *_ = files.jobs()
    part, _ = job.parts()
    files.add(part, [RESULT])
    with pytest.raises(ValueError, match='two results of /in/a.png'):
        files.add(job, [RESULT, RESULT])


@pytest.mark.parametrize('text', ['', '[', '{}', '[{"name": "x.png"}, {"name": "b.png"}]', '[]'])
def test_a_file_that_is_not_of_this_shard_is_done_again(shards, text):
    shards().path(0).write_text(text)
    assert next(shards().jobs()).shard == 0
