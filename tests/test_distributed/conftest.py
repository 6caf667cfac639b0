"""Runs of several processes with faults at chosen places."""
import socket
from pathlib import Path

import mmengine.runner  # noqa: F401  (torch.load then knows what our checkpoints hold)
import pytest

from tests.forked import ROOT, Forked

LAUNCHER = Path(__file__).with_name('launch.py')

#: One image a process, six steps, a checkpoint after every second.
STEPS = '''
train_dataloader = dict(batch_size=1)
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=6, val_interval=1000)
val_cfg = None
val_dataloader = None
val_evaluator = None
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=2),
                     watchdog=dict(stall_seconds=6))
log_processor = dict(by_epoch=False)
'''

#: ``FAULTS`` maps (attempt, iteration, rank) to what happens at the end of that iteration.
FAULTS = '''
import os
import signal
import subprocess
import time
from pathlib import Path

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from fcos_mm.engine.resume.work_dir import restarts

SUSPENDED_SECONDS = 14  # more than this test's stall_seconds


def suspend():
    launcher = os.getppid()
    ranks = [path.read_text() for path in Path(f'/proc/{launcher}/task').glob('*/children')]
    job = f'{launcher} {" ".join(ranks)}'
    subprocess.Popen(['sh', '-c', f'kill -STOP {job}; sleep {SUSPENDED_SECONDS}; kill -CONT {job}'],
                     start_new_session=True)
    time.sleep(2)


HAPPENS = dict(
    suspend=suspend,
    kill_launcher=lambda: os.kill(os.getppid(), signal.SIGKILL),
    kill=lambda: os.kill(os.getpid(), signal.SIGKILL),
    freeze=lambda: os.kill(os.getpid(), signal.SIGSTOP),
    stop=lambda: os.kill(os.getpid(), signal.SIGUSR1),
    error=lambda: {}['the key that is missing'])


@HOOKS.register_module()
class Fault(Hook):
    def __init__(self, faults):
        self.faults = faults

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        here = (restarts(), runner.iter + 1, get_rank())
        for *place, what in self.faults:
            if tuple(place) == here:
                HAPPENS[what]()
'''


@pytest.fixture(scope='session')
def start_launcher():
    """``start_launcher(config, processes, *words, screen=None, **environment)``: train.

    As ``dist_train.sh`` does, on the CPU, in a session of its own. The run finds modules beside
    its config.
    """

    def start(config, *words, screen=None, **variables):
        return Forked(LAUNCHER, 'train', config, *words, '--no-report', screen=screen,
                      PYTHONPATH=f'{ROOT}:{config.parent}', **variables)

    return start


@pytest.fixture(scope='session')
def run_launcher(start_launcher):
    """``run_launcher(config, processes, *words, **environment)``: the same to its end."""
    return lambda *words, **variables: start_launcher(*words, **variables).finish()


@pytest.fixture(scope='session')
def faulty(tiny_config, tmp_path_factory):
    """``faulty(*faults, zero1=False)``: a config of six steps in which these faults happen."""

    def write(*faults, zero1=False):
        folder = tmp_path_factory.mktemp('faulty')
        (folder / 'faults.py').write_text(FAULTS)
        config = folder / 'config.py'
        fragment = ROOT / 'configs' / '_base_' / 'scale' / 'zero1.py'
        bases = [str(tiny_config), *([str(fragment)] if zero1 else [])]
        config.write_text(
            f"_base_ = {bases}\n{STEPS}"
            "custom_imports = dict(imports=['fcos_mm', 'faults'], allow_failed_imports=False)\n"
            f"custom_hooks = [dict(type='mmengine.Fault', faults={list(faults)!r})]\n")
        return config

    return write


@pytest.fixture
def free_port():
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]
