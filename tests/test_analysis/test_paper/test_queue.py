"""Runs in folders: done once, continued, locked, their failures told."""
import fcntl
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from fcos_mm.analysis.paper.output import evaluations
from fcos_mm.analysis.paper.plan import NAMES, commands, names_at, needed_tests, plan
from fcos_mm.analysis.paper.queue import Queue, Work
from fcos_mm.analysis.paper.runs import Evaluation, Settings, Training
from fcos_mm.errors import UserError

# Stands for train.py: three steps, a "checkpoint" after each; goes on where it was.
TRAIN = '''
import pathlib, sys, time
folder = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
assert '--resume' in sys.argv
steps = folder / 'steps'
done = int(steps.read_text()) if steps.exists() else 0
(folder / 'starts').open('a').write('x')
for step in range(done, 3):
    time.sleep({pause})
    steps.write_text(str(step + 1))
(folder / 'last_checkpoint').write_text(str(folder / 'iter_3.pth'))
sys.exit({status})
'''
TEST = '''
import json, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index('--work-dir') + 1])
assert sys.argv[2].endswith('iter_3.pth'), sys.argv
(folder / 'results.bbox.json').write_text('[]')
(folder / '20260101_000000').mkdir()
(folder / '20260101_000000' / '20260101_000000.json').write_text(json.dumps(dict(share=2.5)))
'''


def settings(tmp_path, *, pause=0., status=0, **more):
    tools = tmp_path / 'tools'
    tools.mkdir(exist_ok=True)
    (tools / 'train.py').write_text(TRAIN.format(pause=pause, status=status))
    (tools / 'test.py').write_text(TEST)
    return Settings(out=tmp_path / 'out', tools=tools, scale='tiny', **more)


def work(settings, experiment='fcos_c5', seed=0):
    training = Training(settings, experiment, seed)
    return Work(training, [Evaluation(training, experiment)])


def test_trains_then_tests_once(tmp_path):
    todo = work(settings(tmp_path))
    assert Queue(jobs=2).run([todo]) == []
    assert todo.training.finished == dict(checkpoint='iter_3.pth')
    assert todo.tests[0].finished == dict(share=2.5)
    assert todo.runs == []
    assert Queue(jobs=2).run([todo]) == []
    assert (todo.training.folder / 'starts').read_text() == 'x'


def test_seeds_have_folders_and_configs_of_their_own(tmp_path):
    works = [work(settings(tmp_path), seed=seed) for seed in (0, 1)]
    assert Queue(jobs=2).run(works) == []
    for seed, each in enumerate(works):
        assert each.training.folder.name == f'seed{seed}'
        text = (each.training.folder / 'config.py').read_text()
        assert f'randomness = dict(seed={seed})' in text


def test_failure_is_told_and_the_others_go_on(tmp_path):
    bad = work(settings(tmp_path, status=3))
    failures = Queue(jobs=1).run([bad])
    assert len(failures) == 1 and 'train fcos_c5, seed 0 failed with status 3' in failures[0]
    assert bad.training.finished is None
    good = work(settings(tmp_path))
    assert Queue(jobs=1).run([good]) == []


def test_other_settings_are_refused(tmp_path):
    assert Queue(jobs=1).run([work(settings(tmp_path))]) == []
    other = Training(settings(tmp_path, options={'train_cfg.max_epochs': 99}), 'fcos_c5', 0)
    with pytest.raises(UserError, match='other settings than are asked for now'):
        other.prepare()


def test_finished_results_of_other_settings_are_refused(tmp_path):
    """A table must not show results of a schedule that was not asked for."""
    assert Queue(jobs=1).run([work(settings(tmp_path))]) == []
    work(settings(tmp_path)).tests[0].check()
    other = work(settings(tmp_path, options={'train_cfg.max_epochs': 99}))
    assert other.runs == []
    with pytest.raises(UserError, match=r'(?s)seed0 holds a run with other settings.*train_cfg'):
        other.tests[0].check()
    with pytest.raises(UserError, match='other settings'):
        evaluations('fcos_c5', other.training.settings, 1)


@pytest.mark.parametrize('options, key', [
    ({'custom_hooks': [dict(type='EMAHook')]}, 'custom_hooks'),
    ({'train_dataloader.dataset.filter_cfg.filter_empty_gt': True}, 'train_dataloader'),
    ({'train_dataloader.dataset.data_prefix.img': 'nowhere/'}, 'train_dataloader'),
    ({'train_dataloader.sampler.shuffle': False}, 'train_dataloader'),
    ({'test_dataloader.dataset.metainfo.classes': ('dog', )}, 'test_dataloader'),
])
def test_everything_that_decides_on_results_counts(tmp_path, options, key):
    assert Queue(jobs=1).run([work(settings(tmp_path))]) == []
    with pytest.raises(UserError, match=f'(?s)other settings.*now: {key}'):
        work(settings(tmp_path, options=options)).tests[0].check()


def test_speed_does_not_count(tmp_path):
    assert Queue(jobs=1).run([work(settings(tmp_path))]) == []
    work(settings(tmp_path, options={
        'train_dataloader.num_workers': 0, 'train_dataloader.persistent_workers': False,
        'test_dataloader.num_workers': 0})).tests[0].check()


def test_finished_training_of_other_settings_is_not_tested(tmp_path):
    todo = work(settings(tmp_path))
    assert Queue(jobs=1).run([Work(todo.training, [])]) == []
    other = work(settings(tmp_path, options={'train_cfg.max_epochs': 99}))
    with pytest.raises(UserError, match='other settings'):
        Queue(jobs=1).run([other])


def test_results_on_other_pictures_are_refused(tmp_path):
    """Table 7: the same training is tested on minival, then on test-dev."""
    assert Queue(jobs=1).run([work(settings(tmp_path))]) == []
    key = 'test_dataloader.dataset.ann_file'
    other = work(settings(tmp_path, options={key: 'annotations/val.json'}))
    other.training.check()  # it was trained the same
    with pytest.raises(UserError, match=r'(?s)other settings.*test_dataloader'):
        other.tests[0].check()


def test_runs_may_be_moved(tmp_path):
    """Where the backbone lies is not a setting."""
    old = settings(tmp_path)
    assert Queue(jobs=1).run([work(old)]) == []
    old.out.rename(tmp_path / 'moved')
    work(old._replace(out=tmp_path / 'moved')).tests[0].check()


def test_the_folder_of_the_data_may_be_written_in_other_words(tmp_path):
    assert Queue(jobs=1).run([work(settings(tmp_path))]) == []
    for folder in ('data/shapes', './data/shapes/', os.path.abspath('data/shapes')):
        work(settings(tmp_path, data_root=folder)).tests[0].check()
    with pytest.raises(UserError, match='other settings'):
        work(settings(tmp_path, data_root='data/other')).tests[0].check()


def test_results_of_other_weights_are_refused(tmp_path):
    first, second = tmp_path / 'iter_3.pth', tmp_path / 'second_iter_3.pth'
    first.write_text('one')
    second.write_text('two')
    trained = work(settings(tmp_path))
    given = work(settings(tmp_path, weights={'fcos_c5': str(first)}))
    assert Queue(jobs=1).run([given]) == []
    given.tests[0].check()
    other = work(settings(tmp_path, weights={'fcos_c5': str(second)}))
    for asked in (other, trained):
        assert asked.tests[0].finished is not None
        with pytest.raises(UserError, match='test of other weights'):
            asked.tests[0].check()
    first.rename(tmp_path / 'elsewhere.pth')  # the same file, wherever it is
    work(settings(tmp_path, weights={'fcos_c5': str(tmp_path / 'elsewhere.pth')})).tests[0].check()


@pytest.mark.parametrize('text', ['{"che', '[]', '3', ''])
def test_damaged_note_is_named(tmp_path, text):
    todo = work(settings(tmp_path))
    assert Queue(jobs=1).run([todo]) == []
    for run in (todo.training, todo.tests[0]):
        path = run.folder / 'finished.json'
        whole = path.read_text()
        path.write_text(text)
        with pytest.raises(UserError, match=f'{path} is damaged'):
            assert run.finished
        path.write_text(whole)


def test_finished_training_without_checkpoint_is_named(tmp_path):
    training = Training(settings(tmp_path), 'fcos_c5', 0)
    training.folder.mkdir(parents=True)
    (training.folder / 'finished.json').write_text('{}')
    with pytest.raises(UserError, match='names no checkpoint'):
        assert training.is_left


def test_last_words_of_a_failed_run_are_told(tmp_path):
    given = settings(tmp_path)
    (given.tools / 'train.py').write_text('print("no room\\n\\n"); raise SystemExit(2)')
    failure, = Queue(jobs=1).run([work(given)])
    assert failure.endswith('the last of them:\n  no room')


def test_the_error_of_a_failed_run_is_told_whole(tmp_path):
    given = settings(tmp_path)
    (given.tools / 'train.py').write_text(
        'print("a start\\nerror: wrong weights\\n  neck: lost\\nUse others."); raise SystemExit(2)')
    failure, = Queue(jobs=1).run([work(given)])
    assert failure.endswith('last of them:\n  error: wrong weights\n    neck: lost\n  Use others.')


def test_folder_in_use_is_left_alone(tmp_path):
    todo = work(settings(tmp_path))
    todo.training.folder.mkdir(parents=True)
    with open(todo.training.folder / '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        failures = Queue(jobs=1).run([todo])
    assert 'another process is at work there' in failures[0]


def test_weights_stand_for_a_training(tmp_path):
    given = tmp_path / 'iter_3.pth'
    given.write_text('')
    todo = work(settings(tmp_path, weights={'fcos_c5': str(given)}))
    assert todo.runs == list(todo.tests)
    assert Queue(jobs=1).run([todo]) == []
    assert not (todo.training.folder / 'starts').exists()


def test_given_weights_are_one_sample_whatever_the_seeds(tmp_path):
    given = settings(tmp_path, weights={'fcos_p4': 'here.pth'})
    works = plan(['table3'], given, 3)
    assert [(each.training.experiment, each.training.seed) for each in works] == [
        ('fcos_p4', 0), ('fcos_no-centerness', 0), ('fcos_no-centerness', 1),
        ('fcos_no-centerness', 2)]
    assert len(evaluations('fcos_p4', given, 3)) == 1
    assert len(evaluations('fcos_no-centerness', given, 3)) == 3


def test_killed_queue_goes_on(tmp_path):
    """Stopped after the first step: the second command does the two that are left."""
    driver = tmp_path / 'driver.py'
    driver.write_text(
        'import sys; sys.path.insert(0, sys.argv[1])\n'
        'import pathlib, fcos_mm\n'
        'from test_queue import settings, work\n'
        'from fcos_mm.analysis.paper.queue import Queue\n'
        'Queue(jobs=1).run([work(settings(pathlib.Path(sys.argv[2]), pause=1.5))])\n')
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
    todo = work(settings(tmp_path))
    assert Queue(jobs=1).run([todo]) == []
    assert (folder / 'starts').read_text() == 'xx'
    assert todo.training.finished is not None


def test_stop_while_a_run_starts_ends_that_run(tmp_path, monkeypatch):
    """The signal comes when the run is about to start: it is ended, not waited for."""
    todo, start, begun = work(settings(tmp_path, pause=5)), subprocess.Popen, []

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
    assert not (todo.training.folder / 'steps').exists()


def test_plan_shares_trainings(tmp_path):
    works = plan(['table4', 'table5', 'table6', 'table9', 'figure7'], settings(tmp_path), 1)
    experiments = [each.training.experiment for each in works]
    assert len(experiments) == len(set(experiments))
    assert set(experiments) == {'retinanet', 'retinanet_gn', 'fcos_c5', 'fcos',
                                'fcos_no-centerness', 'fcos_deep-centerness'}
    tests = {t.name for each in works for t in each.tests if each.training.experiment == 'fcos'}
    assert tests == {
        'fcos', 'fcos:none', 'fcos:predicted_box', 'fcos:oracle', 'fcos:oracle_of_positives'}


def test_commands_are_those_of_the_tools(tmp_path):
    lines = commands(plan(['table3'], settings(tmp_path), 1))
    assert len(lines) == 4
    assert 'tools/train.py' in lines[0] and '--resume' in lines[0]
    assert 'tools/test.py' in lines[1] and 'last_checkpoint' in lines[1]


def test_all_of_a_scale():
    assert names_at('full') == NAMES
    assert set(NAMES) - set(names_at('tiny')) == {'table7'}


@pytest.mark.parametrize('name', NAMES)
def test_every_name_has_a_plan(name):
    assert isinstance(needed_tests(name), list)


def test_testing_writes_detections(tmp_path):
    todo = work(settings(tmp_path), 'fcos')
    cfg = todo.tests[0].config()
    assert cfg.test_evaluator[0]['format_only'] is True
    assert cfg.test_evaluator[0]['outfile_prefix'] == str(todo.tests[0].folder / 'results')
    assert cfg.model.bbox_head.postprocess.return_locations is True
    oracle = Evaluation(todo.training, 'fcos:oracle').config()
    assert oracle.model.bbox_head.centerness.source == 'oracle'
    assert json.dumps(oracle.test_evaluator.to_dict() if hasattr(
        oracle.test_evaluator, 'to_dict') else list(oracle.test_evaluator))
