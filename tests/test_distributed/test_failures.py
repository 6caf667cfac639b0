"""A rank that fails, dies or stalls is named once; a restart goes on from its checkpoint."""
import os
import re
import signal
import subprocess

import pytest
import torch


@pytest.fixture(scope='module', autouse=True)
def suspended(faulty, start_launcher, tmp_path_factory):
    """A job that is suspended for so long that the other tests run meanwhile."""
    work_dir = tmp_path_factory.mktemp('suspended')
    job = start_launcher(faulty((0, 5, 1, 'suspend')), 2, '--work-dir', work_dir,
                         '--cfg-options', 'default_hooks.watchdog.stall_seconds=12')
    yield job, work_dir
    job.finish()


def test_error_of_one_rank_is_shown_once(faulty, run_launcher, tmp_path):
    config = faulty((0, 2, 1, 'error'))
    done = run_launcher(config, 2, '--work-dir', tmp_path / 'run')
    assert done.status == 1
    assert done.out.count('Traceback') == 1
    last = done.out.strip().splitlines()[-1]
    assert re.fullmatch(
        r"error: rank 1 \(.+, process \d+\) failed: KeyError: 'the key that is missing'", last)


def test_mistake_of_the_user_is_shown_once(tiny_config, run_launcher, tmp_path):
    done = run_launcher(tiny_config, 2, '--work-dir', tmp_path / 'run', '--resume',
                        tmp_path / 'none.pth')
    assert done.status == 2
    assert done.out.count('none.pth') == 1
    assert done.out.count('error: rank ') == 1 and 'Traceback' not in done.out


def test_ranks_save_and_end_when_their_launcher_is_killed(faulty, start_launcher, tmp_path):
    """They would train on unseen, beside those of the next start."""
    config = faulty((0, 5, 1, 'kill_launcher'))
    screen = tmp_path / 'screen'
    os.mkfifo(screen)
    with subprocess.Popen(['cat', screen], stdout=subprocess.PIPE, text=True) as reader:
        launcher = start_launcher(config, 2, '--work-dir', tmp_path, '--cfg-options',
                                  'train_cfg.max_iters=2000',
                                  'default_hooks.checkpoint.interval=2000', screen=screen)
        out, _ = reader.communicate(timeout=300)  # until launcher and ranks have ended
    launcher.process.join(60)
    assert launcher.poll() == -signal.SIGKILL
    assert 'exit status 75. Continue with --resume.' in out
    saved, = tmp_path.glob('*.pth')
    assert saved.name.startswith('autosave_iter_')


def test_two_machines_and_two_restarts_end_alike(faulty, start_launcher, free_port, tmp_path):
    """Two agents of one rank, undisturbed; one agent of two ranks, disturbed twice.

    First rank 1 is frozen, which the watchdog finds, then rank 0 is killed. The disturbed
    run shares out the optimizer's state, which makes no difference.
    """
    disturbed = start_launcher(
        faulty((0, 5, 1, 'freeze'), (1, 6, 0, 'kill'), zero1=True), 2, '--max-restarts', 2,
        '--work-dir', tmp_path / 'disturbed')
    config = faulty()
    started = [
        start_launcher(config, 1, '--work-dir', tmp_path / 'machines', NNODES=2, NODE_RANK=rank,
                       MASTER_ADDR='127.0.0.1', MASTER_PORT=free_port)
        for rank in range(2)]
    machines = [script.finish() for script in started]
    assert [done.status for done in machines] == [0, 0], machines[0].out + machines[1].out
    assert 'cpu, 2 processes' in machines[0].out + machines[1].out

    done = disturbed.finish()
    assert done.status == 0, done.out[-3000:]
    assert 'Restarted (1) after error: rank 1 (' in done.out
    assert 'is frozen or hangs: no heartbeat for' in done.out
    assert 'Restarted (2) after a process was stopped or killed' in done.out

    expected = torch.load(tmp_path / 'machines' / 'iter_6.pth')
    found = torch.load(tmp_path / 'disturbed' / 'iter_6.pth')
    for name, value in expected['state_dict'].items():
        assert torch.equal(found['state_dict'][name], value), name
    momenta = [[state['momentum_buffer'] for _, state in sorted(one['optimizer']['state'].items())]
               for one in (expected, found)]
    assert len(momenta[0]) == len(momenta[1]) > 50
    assert all(torch.equal(*pair) for pair in zip(*momenta))


def test_a_job_that_was_suspended_goes_on(suspended):
    """As by Ctrl-Z, or by a cluster that needs the machine for something else."""
    job, work_dir = suspended
    done = job.finish()
    assert done.status == 0, done.out[-3000:]
    assert (work_dir / 'iter_6.pth').is_file()
