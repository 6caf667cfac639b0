"""A schedule that has ended does not serve a longer run."""
from types import SimpleNamespace

import pytest
from mmengine.runner import EpochBasedTrainLoop

from fcos_mm.engine.resume.schedules import check_schedule
from fcos_mm.errors import UserError


def resumed(max_epochs, *ends, by_epoch=False):
    """A run of 100 iterations an epoch whose schedules end so."""
    loop = EpochBasedTrainLoop.__new__(EpochBasedTrainLoop)
    loop._max_epochs = max_epochs
    return SimpleNamespace(
        train_loop=loop, max_iters=100 * max_epochs,
        optim_wrapper=SimpleNamespace(get_lr=lambda: dict(lr=[0.25, 1e-5])),
        param_schedulers=[SimpleNamespace(end=end, by_epoch=by_epoch, param_name='lr')
                          for end in ends])


@pytest.mark.parametrize('run', [
    pytest.param(resumed(24, 5, 1200), id='a warm-up and a decay by iterations'),
    pytest.param(resumed(24, 2000, 1198), id='a warm-up beyond it all'),
    pytest.param(resumed(24, 12, by_epoch=True), id='a decay by epochs')])
def test_a_longer_run_is_refused(run):
    with pytest.raises(UserError, match='of a run with max_epochs=12, .* it is 0.25 now') as error:
        check_schedule(run, {'train_cfg.max_epochs': '12'}, 'A.pth')
    assert str(error.value).endswith('load_from=A.pth train_cfg.max_epochs=12')


@pytest.mark.parametrize('run', [
    pytest.param(resumed(12, 1200), id='as long as before'),
    pytest.param(resumed(6, 1200), id='shorter'),
    pytest.param(resumed(24, 50, 800), id='a constant rate at the end was asked for'),
    pytest.param(resumed(24, float('inf')), id='a schedule without an end'),
    pytest.param(resumed(24), id='no schedule')])
def test_other_runs_go_on(run):
    check_schedule(run, {'train_cfg.max_epochs': '12'}, 'A.pth')


def test_a_run_that_does_not_say_how_long_it_was():
    check_schedule(resumed(24, 1200), {}, 'A.pth')
