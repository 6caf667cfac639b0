"""Runs of several processes through the real scripts, with faults at chosen places."""
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import mmengine.runner  # noqa: F401  (torch.load then knows what our checkpoints hold)
import pytest

ROOT = Path(__file__).resolve().parents[2]

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


class Script(subprocess.Popen):
    """A process whose end can be waited for."""

    def finish(self, timeout=300):
        """Wait for the end; returns ``status``, ``out`` and ``err``."""
        try:
            out, err = self.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return SimpleNamespace(status=self.returncode, out=out, err=err)


@pytest.fixture(scope='session')
def start_script():
    """``start_script(script, *words, screen=None, **environment)``: start a script of ``tools/``.

    It runs on the CPU in a process group of its own, and finds modules beside its config, the
    first word. ``screen`` is a file for its output.
    """

    def start(script, *words, screen=subprocess.PIPE, **variables):
        words = (*words, '--no-report') if script == 'train.py' else words
        env = {**os.environ, 'PYTHON': sys.executable, 'OMP_NUM_THREADS': '1',
               'PYTHONPATH': f'{ROOT}:{Path(str(words[0])).parent}', 'CUDA_VISIBLE_DEVICES': '',
               **{name: str(value) for name, value in variables.items()}}
        return Script([str(ROOT / 'tools' / script), *map(str, words)], env=env, stdout=screen,
                      stderr=screen, text=True, start_new_session=True)

    return start


@pytest.fixture(scope='session')
def run_script(start_script):
    """``run_script(script, *words, **environment)``: the same to its end."""
    return lambda *words, **variables: start_script(*words, **variables).finish()


@pytest.fixture
def faulty(tiny_config, tmp_path):
    """``faulty(*faults, zero1=False)``: a config of six steps in which these faults happen."""
    (tmp_path / 'faults.py').write_text(FAULTS)

    def write(*faults, zero1=False):
        config = tmp_path / 'config.py'
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
