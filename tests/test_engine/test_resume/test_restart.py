"""A run that is started again resumes, but never from another run's checkpoint."""
import os

import pytest
from mmengine.config import Config

from fcos_mm.engine.resume.restart import resume_after_restart


@pytest.fixture
def start(tmp_path, monkeypatch, capsys):
    """``start(count, resume=...)``: the config's ``resume`` and ``load_from`` after a start."""

    def run(count, resume=False, load_from=None):
        monkeypatch.setenv('SLURM_RESTART_COUNT', str(count))
        cfg = Config(dict(work_dir=str(tmp_path), resume=resume, load_from=load_from))
        resume_after_restart(cfg)
        assert ('Started again' in capsys.readouterr().err) == (count > 0)
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


def test_started_again(start, tmp_path):
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
