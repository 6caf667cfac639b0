"""A run on workers without processes: what is written, said and refused."""
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from fcos_mm.apis.sharding.jobs import Dispatcher
from fcos_mm.apis.sharding.manifest import Manifest
from fcos_mm.apis.sharding.pictures import Picture
from fcos_mm.apis.sharding.results import MISSING, UNREADABLE, failed
from fcos_mm.apis.sharding.run import ShardRun
from fcos_mm.apis.sharding.shard_files import ShardFiles
from fcos_mm.cli import detect
from fcos_mm.config import load_config
from fcos_mm.errors import UserError

MANIFEST = Manifest(words=[], pictures=0, digest='', checkpoint='', config='', options={},
                    shard_size=2)
RESULT = dict(boxes=[[0., 1., 2.5, 3.]], scores=[.5], labels=[1], near=2)


@pytest.fixture
def shard_run(tmp_path, trained):
    """``shard_run(names)``: a run over pictures in ``tmp_path``."""
    def make(names):
        pictures = [Picture(str(tmp_path / name), name) for name in names]
        (tmp_path / 'shards').mkdir(exist_ok=True)
        return ShardRun(
            shards=ShardFiles(folder=tmp_path / 'shards', pictures=pictures, size=2),
            manifest=MANIFEST, screen=io.StringIO(),
            model=SimpleNamespace(cfg=load_config(str(trained.config))))

    return make


def work(run, engine):
    jobs = list(run.shards.jobs())
    run.work(Dispatcher(engine=engine, workers=2, jobs=iter(jobs), clock=engine.clock), len(jobs))


def test_results_in_the_order_of_the_input(shard_run, fake_engine, tmp_path):
    names = ['c.png', 'a.png', 'bad.png', 'b.png', 'd.png']
    run = shard_run(names)
    work(run, fake_engine(result=lambda path: failed('odd', UNREADABLE) if 'bad' in path
                          else dict(RESULT, pages=3) if 'd.png' in path else RESULT))
    args = SimpleNamespace(out_dir=str(tmp_path), save_json=None, save_csv=True)
    assert run.merge(args, SimpleNamespace(others={})) == 1
    rows = json.loads((tmp_path / 'detections.json').read_text())
    assert [row['file_name'] for row in rows] == ['c.png', 'a.png', 'b.png', 'd.png']
    assert rows[0] == dict(file_name='c.png', category_id=20, category_name='jar',
                           bbox=[0, 1, 2.5, 2], score=.5)
    assert (tmp_path / 'detections.csv').read_text().splitlines()[1] == (
        'c.png,,jar,0.50000,0.00,1.00,2.50,3.00')
    screen = run.screen.getvalue()
    assert 'shard 2 of 3: 1 detection in 1 image, 1 failed' in screen
    assert 'd.png has 3 pages; only the first is used' in screen
    assert '4 detections in 4 images' in screen and '; 8 more score up to 0.1 below' in screen
    assert f'error: {tmp_path}/bad.png odd\nrepeat the command' in screen
    manifest = json.loads((tmp_path / 'shards' / 'manifest.json').read_text())
    assert manifest['category_ids'] == dict(cup=10, jar=20)


def test_a_driver_that_stops_and_begins_again(shard_run, fake_engine):
    """Whatever moment it stops at, no whole shard is computed twice."""
    names = [f'{index}.png' for index in range(7)]
    for after in range(5):
        run = shard_run(names)
        for path in run.shards.folder.iterdir():
            path.unlink()
        jobs, first = list(run.shards.jobs()), fake_engine()
        running = Dispatcher(engine=first, workers=2, jobs=iter(jobs)).run()
        done = 0
        while done < after and (event := next(running, None)):
            if event[0] == 'done':
                run.shards.add(*event[1])
                done += 1
        second = fake_engine()
        work(shard_run(names), second)
        assert len(second.jobs) == len(jobs) - min(after, 4)
        assert len(list(Path(run.shards.folder).glob('*-of-*.json'))) == 4


def test_first_pictures_that_all_fail(shard_run, fake_engine):
    run = shard_run([f'{index}.png' for index in range(30)])
    with pytest.raises(UserError, match='The first 10 images failed, .*odd'):
        work(run, fake_engine(result=lambda path: failed('odd')))
    work(run := shard_run(['a.png'] * 30), fake_engine(
        result=lambda path: failed('odd', UNREADABLE)))
    assert run.shards.read(14)


def test_files_that_only_this_machine_has(shard_run, fake_engine, tmp_path):
    engine = fake_engine(result=lambda path: failed('none', MISSING))
    work(shard_run(['gone.png']), engine)
    (tmp_path / 'here.png').touch()
    with pytest.raises(UserError, match='no file .*here.png, which is on this machine'):
        work(shard_run(['here.png']), engine)


def test_a_picture_that_hangs_is_listed(shard_run, fake_engine):
    run = shard_run(['a.png', 'b.png', 'c.png'])
    work(run, fake_engine(hangs=lambda what: not isinstance(what, int) and any(
        'b.png' in one for one in what)))
    assert [one.get('failure') for one in run.shards.read(0).values()] == [
        None, 'failed (no result within 120 s) and was skipped']
    assert ('warning: no result within 240 s at shard 1; the worker is replaced; its pictures are '
            'done one by one') in run.screen.getvalue()
    assert len(list(run.shards.jobs())) == 1  # is tried again by the next command


def test_dying_workers_are_named(shard_run, fake_engine):
    run = shard_run(['a.png'])
    work(run, fake_engine(lambda worker, locations: worker == 0))
    assert 'warning: a worker died before it was ready; another one takes over' in (
        run.screen.getvalue())
    run = shard_run(['b.png'])
    work(run, fake_engine(lambda worker, locations: worker == 0 and locations))
    assert 'warning: a worker died at shard 1; another' in run.screen.getvalue()


@pytest.mark.parametrize('options, message', [
    (['--workers', 2], '--workers goes with --shards'),
    (['--ray-address', 'auto'], '--ray-address goes with --shards'),
    (['--picture-timeout', 9], '--picture-timeout goes with --shards'),
    (['--shards', '--save-crops'], '--save-crops does not go with --shards'),
    (['--shards', '--device', 'cuda:1'], '--device cuda:1 does not go with --shards')])
def test_options_that_do_not_fit(run, tmp_path, options, message):
    with pytest.raises(UserError, match=message):
        run(detect, tmp_path, '--model', 'none', '--out-dir', tmp_path / 'out', *options)
    assert not (tmp_path / 'out').exists()
