"""What is an earlier run in a work dir, and from where a restarted run goes on."""
import os

import pytest
from mmengine.config import Config

from fcos_mm.engine.resume.work_dir import (
    check_work_dir,
    note_start,
    remove_earlier_run,
    resume_after_restart,
)
from fcos_mm.errors import UserError


def config(folder, load_from=None, resume=False):
    return Config(dict(work_dir=str(folder), load_from=load_from, resume=resume))


@pytest.mark.parametrize('names', [
    ['epoch_3.pth'], ['autosave_iter_7.pth'], ['iter_7.pth', 'best_coco_bbox_mAP_iter_7.pth']])
def test_checkpoints_are_a_run(names, tmp_path):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(UserError, match=rf'another run \(last checkpoint {names[0]}\)'):
        check_work_dir(config(tmp_path), overwrite=False)
    check_work_dir(config(tmp_path), overwrite=True)
    remove_earlier_run(config(tmp_path))
    assert not list(tmp_path.iterdir())


def test_names_of_the_users_own_and_another_folder(tmp_path):
    run, folder = tmp_path / 'run', tmp_path / 'checkpoints'
    run.mkdir(), folder.mkdir()
    (folder / 'step_5.pth').touch(), (folder / 'other.pth').touch()
    (run / 'last_checkpoint').write_text(str(folder / 'step_5.pth'))
    with pytest.raises(UserError, match=r'last checkpoint step_5.pth'):
        check_work_dir(config(run), overwrite=False)
    remove_earlier_run(config(run))
    assert [path.name for path in folder.iterdir()] == ['other.pth']
    assert not list(run.iterdir())


def test_no_run(tmp_path):
    """An empty folder, weights put there by hand, files that are no checkpoints of a run."""
    check_work_dir(config(tmp_path / 'none'), overwrite=False)
    for name in ('epoch_12.pth', 'weights.pth', 'best_of_all.pth', 'started'):
        (tmp_path / name).touch()
    check_work_dir(config(tmp_path, load_from=str(tmp_path / 'epoch_12.pth')), overwrite=False)


@pytest.mark.parametrize('variable', ['RANK', 'TORCHELASTIC_RESTART_COUNT'])
def test_other_ranks_and_restarts_look_at_nothing(variable, tmp_path, monkeypatch):
    (tmp_path / 'epoch_3.pth').touch()
    monkeypatch.setenv(variable, '1')
    check_work_dir(config(tmp_path), overwrite=False)
    remove_earlier_run(config(tmp_path))
    assert (tmp_path / 'epoch_3.pth').exists()


def test_a_refused_start_is_refused_again_after_a_restart(tmp_path, monkeypatch):
    run, work = tmp_path / 'run', tmp_path / 'work'
    run.mkdir(), work.mkdir()
    (work / 'epoch_3.pth').touch()

    def check(attempt, overwrite):
        monkeypatch.setenv('TORCHELASTIC_RESTART_COUNT', str(attempt))
        monkeypatch.setenv('TORCHELASTIC_ERROR_FILE', f'{run}/attempt_{attempt}/0/error.json')
        check_work_dir(config(work), overwrite)

    for attempt in range(2):
        with pytest.raises(UserError, match='holds the checkpoints of another run'):
            check(attempt, overwrite=False)
    check(0, overwrite=True)
    check(1, overwrite=True)
    remove_earlier_run(config(work))  # by now it is its own
    assert (work / 'epoch_3.pth').exists()


@pytest.fixture
def start(tmp_path, monkeypatch, capsys):
    """``start(count, resume=...)``: the config's ``resume`` and ``load_from`` after a start."""

    def run(count, resume=False, load_from=None):
        monkeypatch.setenv('SLURM_RESTART_COUNT', str(count))
        cfg = config(tmp_path, load_from, resume)
        resume_after_restart(cfg)
        note_start(cfg)
        assert ('Restarted' in capsys.readouterr().err) == (count > 0)
        return cfg.resume, cfg.load_from

    return run


def checkpoint(folder, name, seconds):
    """Write a checkpoint so many seconds after the mark of the start."""
    (folder / name).write_text('')
    (folder / 'last_checkpoint').write_text(str(folder / name))
    time = (folder / 'started').stat().st_mtime_ns + int(seconds * 1e9)
    os.utime(folder / name, ns=(time, time))


def test_first_start_changes_nothing(start, tmp_path):
    assert start(0, load_from='weights.pth') == (False, 'weights.pth')
    assert (tmp_path / 'started').is_file()


def test_restart(start, tmp_path):
    start(0)
    assert start(1, load_from='weights.pth') == (False, 'weights.pth')  # nothing is saved yet
    checkpoint(tmp_path, 'epoch_3.pth', -5)  # of a run before in the same folder
    assert start(1) == (False, None)
    checkpoint(tmp_path, 'epoch_1.pth', 5)
    assert start(1, load_from='weights.pth') == (True, None)


def test_a_run_that_resumed_at_first_goes_on_from_its_own(start, tmp_path):
    start(0, resume=True)
    assert not (tmp_path / 'started').exists()
    (tmp_path / 'epoch_3.pth').write_text('')
    assert start(2, resume=True, load_from='other/epoch_1.pth') == (True, None)
