"""What is, and what is not, an earlier run in a work dir."""
import pytest
from mmengine.config import Config

from fcos_mm.engine.resume.earlier_run import check_work_dir, remove_earlier_run
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


def test_a_refused_start_is_refused_again_when_the_launcher_repeats_it(tmp_path, monkeypatch):
    ranks, work = tmp_path / 'ranks', tmp_path / 'work'
    ranks.mkdir(), work.mkdir()
    monkeypatch.setenv('FCOS_MM_RANK_ENDS', str(ranks))
    (work / 'epoch_3.pth').touch()
    for attempt in '01':
        monkeypatch.setenv('TORCHELASTIC_RESTART_COUNT', attempt)
        with pytest.raises(UserError, match='holds the checkpoints of another run'):
            check_work_dir(config(work), overwrite=False)
    monkeypatch.setenv('TORCHELASTIC_RESTART_COUNT', '0')
    check_work_dir(config(work), overwrite=True)
    monkeypatch.setenv('TORCHELASTIC_RESTART_COUNT', '1')
    check_work_dir(config(work), overwrite=True)
    remove_earlier_run(config(work))  # by now it is its own
    assert (work / 'epoch_3.pth').exists()
