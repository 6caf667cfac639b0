"""Runs in folders: done once, continued, locked, their failures told."""
import ast
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from mmengine.config import Config

from fcos_mm.errors import UserError
from fcos_mm.paper.plan import NAMES, commands, names_at, needed_tests, plan
from fcos_mm.paper.queue import Queue
from fcos_mm.paper.runs import Run, runs_of


def test_trains_then_tests_once(settings, work):
    training, test = todo = work(settings())
    assert Queue(jobs=2).run([todo]) == []
    assert training.finished == dict(checkpoint='iter_3.pth')
    assert test.finished == dict(share=2.5)
    assert not training.is_left and not test.is_left
    assert Queue(jobs=2).run([todo]) == []
    assert (training.folder / 'starts').read_text() == 'x'


def test_the_config_of_a_resumed_training_trains_from_the_start(settings, work):
    """The runner writes into it what it went on from, a checkpoint that is gone at the end."""
    given = settings()
    tool = given.tools / 'train.py'
    tool.write_text("import sys\nopen(sys.argv[1], 'a').write('load_from = \\'iter_1.pth\\'\\n')\n"
                    + tool.read_text())
    todo = work(given)
    assert Queue(jobs=1).run([todo]) == []
    assert Config.fromfile(str(todo[0].folder / 'config.py')).get('load_from') is None


def test_seeds_have_folders_and_configs_of_their_own(settings, work):
    works = [work(settings(), seed=seed) for seed in (0, 1)]
    assert Queue(jobs=2).run(works) == []
    for seed, each in enumerate(works):
        assert each[0].folder.name == f'seed{seed}'
        assert Config.fromfile(str(each[0].folder / 'config.py')).randomness == dict(seed=seed)


def test_configs_are_parsed_one_at_a_time(settings, work, monkeypatch):
    """``ast.parse`` of Python 3.11 raises a SystemError when two threads are in it."""
    parse, parsing, alone = ast.parse, threading.Lock(), []

    def slow_parse(*args, **kwargs):
        first = parsing.acquire(blocking=False)
        alone.append(first)
        time.sleep(0.01)
        if first:
            parsing.release()
        return parse(*args, **kwargs)

    monkeypatch.setattr(ast, 'parse', slow_parse)
    assert Queue(jobs=2).run([work(settings(), seed=seed) for seed in (0, 1)]) == []
    assert alone and all(alone)


def test_failure_is_told_and_the_others_go_on(settings, work):
    bad = work(settings(status=3))
    failures = Queue(jobs=1).run([bad])
    assert len(failures) == 1 and 'train fcos_c5, seed 0 failed with status 3' in failures[0]
    assert bad[0].finished is None
    good = work(settings())
    assert Queue(jobs=1).run([good]) == []


@pytest.mark.parametrize('text', ['{"che', '[]', '3', ''])
def test_damaged_note_is_named(text, settings, work):
    todo = work(settings())
    assert Queue(jobs=1).run([todo]) == []
    for run in todo:
        path = run.folder / 'finished.json'
        whole = path.read_text()
        path.write_text(text)
        with pytest.raises(UserError, match=f'{path} is damaged'):
            assert run.finished
        path.write_text(whole)


def test_finished_training_without_checkpoint_is_named(settings):
    training = Run(settings(), 'fcos_c5')
    training.folder.mkdir(parents=True)
    (training.folder / 'finished.json').write_text('{}')
    with pytest.raises(UserError, match='names no checkpoint'):
        assert training.is_left


def test_last_words_of_a_failed_run_are_told(settings, work):
    given = settings()
    (given.tools / 'train.py').write_text('print("no room\\n\\n"); raise SystemExit(2)')
    failure, = Queue(jobs=1).run([work(given)])
    assert failure.endswith('the last of them:\n  no room')


def test_the_error_of_a_failed_run_is_told_whole(settings, work):
    given = settings()
    (given.tools / 'train.py').write_text(
        'print("a start\\nerror: wrong weights\\n  neck: lost\\nUse others."); raise SystemExit(2)')
    failure, = Queue(jobs=1).run([work(given)])
    assert failure.endswith('last of them:\n  error: wrong weights\n    neck: lost\n  Use others.')


def test_folder_in_use_is_left_alone(settings, work):
    todo = work(settings())
    todo[0].folder.mkdir(parents=True)
    with open(todo[0].folder / '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        failures = Queue(jobs=1).run([todo])
    assert 'another process is at work there' in failures[0]


def test_weights_stand_for_a_training(tmp_path, settings, work):
    given = tmp_path / 'iter_3.pth'
    given.write_text('')
    todo = work(settings(weights={'fcos_c5': str(given)}))
    assert [run.is_left for run in todo] == [False, True]
    assert Queue(jobs=1).run([todo]) == []
    assert not (todo[0].folder / 'starts').exists()


def test_given_weights_are_one_sample_whatever_the_seeds(settings):
    given = settings(weights={'fcos_p4': 'here.pth'}, seeds=3)
    works = plan(['table3'], given)
    assert [(each[0].experiment, each[0].seed) for each in works] == [
        ('fcos_p4', 0), ('fcos_no-centerness', 0), ('fcos_no-centerness', 1),
        ('fcos_no-centerness', 2)]
    assert len(runs_of('fcos_p4', given)) == 1
    assert len(runs_of('fcos_no-centerness', given)) == 3


def test_killed_queue_goes_on(tmp_path, settings, work):
    """Stopped after the first step: the second command does the two that are left."""
    driver = tmp_path / 'driver.py'
    driver.write_text(
        'import sys; sys.path.insert(0, sys.argv[1])\n'
        'import pathlib, fcos_mm\n'
        'from conftest import make_settings, make_work\n'
        'from fcos_mm.paper.queue import Queue\n'
        'Queue(jobs=1).run([make_work(make_settings(pathlib.Path(sys.argv[2]), pause=1.5))])\n')
    words = [sys.executable, str(driver), str(__file__).rsplit('/', 1)[0], str(tmp_path)]
    process = subprocess.Popen(words)
    folder = tmp_path / 'out' / 'runs' / 'fcos_c5' / 'seed0'
    for _ in range(600):
        if (folder / 'steps').exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert int((folder / 'steps').read_text()) < 3
    todo = work(settings())
    assert Queue(jobs=1).run([todo]) == []
    assert (folder / 'starts').read_text() == 'xx'
    assert todo[0].finished is not None


def test_stop_while_a_run_starts_ends_that_run(monkeypatch, settings, work):
    """The signal comes when the run is about to start: it is ended, not waited for."""
    todo, start, begun = work(settings(pause=5)), subprocess.Popen, []

    def slow_start(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)  # the queue has heard of it
        begun.append(start(*args, **kwargs))
        return begun[-1]

    monkeypatch.setattr(subprocess, 'Popen', slow_start)
    with pytest.raises(SystemExit) as caught:
        Queue(jobs=1).run([todo])
    assert caught.value.code == 128 + signal.SIGTERM
    assert begun[0].returncode == -signal.SIGTERM
    assert not (todo[0].folder / 'steps').exists()


def test_plan_shares_trainings(settings):
    works = plan(['table4', 'table5', 'table6', 'table9', 'figure7'], settings())
    experiments = [each[0].experiment for each in works if not each[0].test]
    assert len(experiments) == len(set(experiments))
    assert set(experiments) == {'retinanet', 'retinanet_gn', 'fcos_c5', 'fcos',
                                'fcos_no-centerness', 'fcos_deep-centerness',
                                'centerness-network'}
    tests = {run.test for each in works for run in each[1:] if run.experiment == 'fcos'}
    assert tests == {
        'fcos', 'fcos:none', 'fcos:predicted_box', 'fcos:oracle', 'fcos:oracle_of_positives'}
    assert [[run.test for run in each] for each in works[len(experiments):]] == [
        [f'{name}:network'] for name in ('retinanet', 'retinanet_gn', 'fcos', 'fcos_no-centerness')]


@pytest.fixture
def pair(settings):
    """``pair(seed=0, **more)``: two trainings, and the test of one ranked by the other."""

    def make(seed=0, **more):
        works = [[Run(settings(**more), name, seed)] for name in ('fcos', 'centerness-network')]
        return works + [[works[0][0]._replace(test='fcos:network')]]

    return make


def test_a_test_of_two_trainings_comes_after_both(pair):
    detector, network, (test, ) = works = pair(seed=1)
    assert test.trainings == [*detector, *network]
    assert Queue(jobs=3).run([[test], network, detector]) == []
    assert test.finished == dict(share=2.5)
    model = Config.fromfile(str(test.folder / 'config.py')).model
    assert model.type == 'RankedDetector' and model.bbox_head.type == 'FCOSHead'
    assert model.ranking.type == 'CenternessNetwork'
    assert model.ranking.backbone.init_cfg is None
    assert model.ranking.checkpoint == str(network[0].folder / 'iter_3.pth')
    assert network[0].folder.name == 'seed1'
    test.check()
    assert Queue(jobs=1).run(works) == []  # nothing is left


def test_a_test_of_two_trainings_waits_for_a_failed_one(pair):
    detector, network, (test, ) = pair(status=3)
    failures = Queue(jobs=2).run([detector, network, [test]])
    assert len(failures) == 2 and test.finished is None
    assert Queue(jobs=1).run(pair()) == [] and test.finished


def test_results_with_another_network_are_not_taken(pair, tmp_path):
    weights = [tmp_path / name / 'iter_3.pth' for name in ('one', 'other')]
    for path in weights:
        path.parent.mkdir()
        path.write_text(path.parent.name)
    given, other = (pair(weights={'centerness-network': str(path)}) for path in weights)
    assert Queue(jobs=1).run(given) == []
    assert not (given[1][0].folder / 'starts').exists()
    given[2][0].check()
    for test in (other[2][0], pair()[2][0]):
        with pytest.raises(UserError, match='test of other weights'):
            test.check()
    changed = pair(weights={'centerness-network': str(weights[0])},
                   options={'model.neck.num_outs': 6})
    with pytest.raises(UserError, match='other settings'):
        changed[2][0].check()


def test_commands_are_those_of_the_tools(settings):
    lines = commands(plan(['table3'], settings()))
    assert len(lines) == 4
    assert 'tools/train.py' in lines[0] and '--resume' in lines[0]
    assert 'tools/test.py' in lines[1] and 'last_checkpoint' in lines[1]


def test_all_of_a_scale():
    assert names_at('full') == NAMES
    assert set(NAMES) - set(names_at('tiny')) == {'table7'}


@pytest.mark.parametrize('name', NAMES)
def test_every_name_has_a_plan(name):
    assert isinstance(needed_tests(name), list)


def test_testing_writes_detections(settings, work):
    todo = work(settings(), 'fcos')
    cfg = todo[1].config()
    assert cfg.test_evaluator[0]['format_only'] is True
    assert cfg.test_evaluator[0]['outfile_prefix'] == str(todo[1].folder / 'results')
    assert cfg.model.bbox_head.postprocess.type == 'LocatedPostProcessor'
    oracle = todo[0]._replace(test='fcos:oracle').config()
    assert oracle.model.bbox_head.type == 'OracleFCOSHead'
    assert json.dumps(oracle.test_evaluator.to_dict() if hasattr(
        oracle.test_evaluator, 'to_dict') else list(oracle.test_evaluator))
