"""Scripts in processes of their own, forked from one that has imported torch and OpenMMLab.

Python would import these for longer than most tests run. The demo of ``test_end_to_end.py`` and
the launcher of ``test_apis/test_distributed.py`` are started as users do.
"""
import multiprocessing
import os
import runpy
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import torch

ROOT = Path(__file__).resolve().parent.parent
CONTEXT = multiprocessing.get_context('forkserver')
CONTEXT.set_forkserver_preload([
    'fcos_mm.components', 'fcos_mm.apis.train', 'fcos_mm.apis.test', 'fcos_mm.apis.runner',
    'fcos_mm.engine.distributed.launch', 'torch._dynamo'])  # the last by torch's optimizers


class Forked:
    """A script that runs; ``screen`` is the file with what it prints.

    Args:
        script: Its path.
        words: Of its command line.
        screen: File to which its output is appended; if None, one that is removed with this object.
        **variables: Of its environment, besides those of this process.
    """

    def __init__(self, script, *words, screen=None, **variables) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.screen = Path(screen or Path(self._folder.name, 'screen.txt'))
        environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': '',
                       **{name: str(value) for name, value in variables.items()}}
        self.process = CONTEXT.Process(target=_run, args=(
            [str(script), *map(str, words)], environment, os.getcwd(), str(self.screen)))
        self.process.start()

    def poll(self):
        """The exit status; None while it runs."""
        return self.process.exitcode

    def stop(self, number=signal.SIGTERM):
        """Send a signal to it and to its workers."""
        os.killpg(self.process.pid, number)

    def finish(self, timeout=300):
        """Wait for the end; returns ``status`` and ``out``, which also has the errors."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            self.stop(signal.SIGKILL)
            raise TimeoutError(f'after {timeout} s:\n{self.screen.read_text()[-3000:]}')
        return SimpleNamespace(status=self.process.exitcode, out=self.screen.read_text())


class Ranks:
    """A script in several processes that join, as a launcher starts it; arguments of ``Forked``.

    Their output is in one file. Unlike torch's agent this ends no rank if another fails.
    """

    def __init__(self, count, script, *words, screen=None, **variables) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.screen = Path(screen or Path(self._folder.name, 'screen.txt'))
        self.screen.touch()
        with socket.create_server(('127.0.0.1', 0)) as free:
            port = free.getsockname()[1]
        self.ranks = [
            Forked(script, *words, '--launcher', 'pytorch', screen=self.screen, RANK=rank,
                   LOCAL_RANK=rank, WORLD_SIZE=count, LOCAL_WORLD_SIZE=count,
                   MASTER_ADDR='127.0.0.1', MASTER_PORT=port, **variables)
            for rank in range(count)]

    def wait_for(self, text, timeout=200):
        """Wait until they print a text."""
        end = time.monotonic() + timeout
        while text not in self.screen.read_text():
            running = all(rank.poll() is None for rank in self.ranks)
            assert running and time.monotonic() < end, self.screen.read_text()[-3000:]
            time.sleep(0.05)

    def stop(self, number=signal.SIGTERM):
        """Send a signal to all, and to their workers."""
        for rank in self.ranks:
            rank.stop(number)

    def finish(self, timeout=300):
        """Wait for the end; returns ``statuses`` and ``out``, which also has the errors."""
        ends = [rank.finish(timeout) for rank in self.ranks]
        return SimpleNamespace(statuses=[end.status for end in ends],
                               out=self.screen.read_text())


def fork_rank(handler, args, environment):
    """Fork the calling process as a rank; replaces ``SubprocessHandler._popen`` of torch's agent.

    Returns what stands for ``subprocess.Popen`` there.
    """
    interpreter, *words = args
    assert [interpreter, words.pop(0)] == [sys.executable, '-u']
    rank = multiprocessing.get_context('fork').Process(
        target=_run_rank, args=(words, environment))
    rank.start()
    return rank._popen


def _run_rank(words, environment):
    os.closerange(3, 1024)  # the sockets of the agent's store must close with the agent
    _become(words, environment)


def _run(words, environment, folder, screen):
    output = os.open(screen, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(output, number)
    os.close(output)
    os.chdir(folder)
    _become(words, environment)


def _become(words, environment):
    """Become the script, in a new process."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    torch.set_num_threads(int(environment['OMP_NUM_THREADS']))
    path = environment.get('PYTHONPATH', '').split(':')
    sys.argv, sys.path = words, [str(Path(words[0]).parent), *filter(None, path), *sys.path]
    runpy.run_path(words[0], run_name='__main__')
