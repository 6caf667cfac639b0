"""Runs trainings and tests side by side, shows how far they are, survives being stopped."""
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

from fcos_mm.errors import UserError
from fcos_mm.paper.runs import Evaluation, Training

Run = Training | Evaluation
_REPORT_EVERY = 30  # seconds
_SHOWN = 12  # lines of a failed run's error


class Work(NamedTuple):
    """A training and the tests of its weights, done one after the other."""
    training: Training
    tests: Sequence[Evaluation]

    @property
    def runs(self) -> list[Run]:
        """What is left to do."""
        training = [self.training] if self.training.is_left else []
        return training + [test for test in self.tests if test.finished is None]


class Queue:
    """Does pieces of work, several at a time.

    Stopped by Ctrl-C, a kill or a power cut it loses what each training did
    since its last checkpoint; the same command goes on from there. A run that
    outlives a killed queue keeps its folder locked.

    Args:
        jobs: How many run at a time; they share the cores.
    """

    def __init__(self, *, jobs: int) -> None:
        self.jobs = jobs
        self.processes: dict[Path, subprocess.Popen] = {}
        self.stopped = threading.Event()

    def run(self, works: Sequence[Work]) -> list[str]:
        """Do the work.

        Args:
            works: The pieces of work; what is finished is not done again.

        Returns:
            A line for each run that failed.
        """
        works = [work for work in works if work.runs]
        for work in works:  # tells of other settings before anything starts
            work.training.check()
            work.runs[0].prepare()
        failures: list[str] = []
        with ThreadPoolExecutor(self.jobs) as pool:
            tasks: dict[Future, Work] = {}
            before = signal.signal(signal.SIGTERM, _exit)
            try:
                tasks.update((pool.submit(self._do, work), work) for work in works)
                threading.Thread(
                    target=self._report, args=(len(works), tasks), daemon=True).start()
                for task in as_completed(tasks):
                    failures += task.result()
            except BaseException:
                self._stop(tasks)
                raise
            finally:
                signal.signal(signal.SIGTERM, before)
                self.stopped.set()
        return failures

    def _stop(self, tasks: dict[Future, Work]) -> None:
        self.stopped.set()
        for task in tasks:
            task.cancel()
        for process in list(self.processes.values()):
            process.terminate()

    def _do(self, work: Work) -> list[str]:
        """Do one piece of work; return a line if a run of it failed."""
        for run in work.runs:
            if self.stopped.is_set():
                return []
            problem = self._do_locked(run)
            if problem:
                return [problem]
        return []

    def _do_locked(self, run: Run) -> str:
        run.folder.mkdir(parents=True, exist_ok=True)
        with open(run.folder / '.lock', 'w') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return f'{run.folder}: another process is at work there'
            try:
                run.prepare()
            except UserError as error:
                return str(error)
            return self._call(run, lock.fileno())

    def _call(self, run: Run, lock: int) -> str:
        """Run the tool, which inherits the lock; return what went wrong, or nothing."""
        start, log = time.monotonic(), run.folder / 'screen.log'
        environment = dict(os.environ, OMP_NUM_THREADS=str(self._threads()), PYTHONUNBUFFERED='1')
        _say(f'{_name(run)}: started')
        with open(log, 'a') as screen:
            process = subprocess.Popen(
                [sys.executable, *run.command()], stdout=screen, stderr=subprocess.STDOUT,
                env=environment, pass_fds=[lock])
            self.processes[run.folder] = process
            if self.stopped.is_set():  # while it started: _stop has not seen it
                process.terminate()
            status = process.wait()
            del self.processes[run.folder]
        if self.stopped.is_set():
            return ''
        if status:
            return (f'{_name(run)} failed with status {status}; its messages are in {log}, '
                    f'the last of them:\n{_last_words(log)}')
        run.finish()
        _say(f'{_name(run)}: done in {(time.monotonic() - start) / 60:.1f} minutes')
        return ''

    def _threads(self) -> int:
        return max(1, (os.cpu_count() or 1) // self.jobs)

    def _report(self, total: int, tasks: dict) -> None:
        """Say now and then how far the runs are."""
        while not self.stopped.wait(_REPORT_EVERY):
            done = sum(task.done() for task in tasks)
            states = [_progress(folder) for folder in list(self.processes)]
            _say(f'[{done}/{total}] {"; ".join(states)}')


def _exit(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def _name(run: Run) -> str:
    if isinstance(run, Evaluation):
        return f'test {run.name}, seed {run.training.seed}'
    return f'train {run.experiment}, seed {run.seed}'


def _last_words(log: Path) -> str:
    """The error that the tool told of, else its last line; indented."""
    lines = [line for line in log.read_text(errors='replace').splitlines() if line.strip()]
    told = [index for index, line in enumerate(lines) if line.startswith('error: ')]
    first = told[-1] if told else -1
    return '\n'.join(f'  {line}' for line in lines[first:][:_SHOWN] or ['(none)'])


def _progress(folder: Path) -> str:
    """The last line of a run's log of numbers, in short."""
    logs = sorted(folder.glob('*/vis_data/scalars.json'))
    lines = logs[-1].read_text().splitlines() if logs else []
    state = f'iteration {json.loads(lines[-1]).get("step", "?")}' if lines else 'starting'
    return f'{folder.parent.name} {folder.name} {state}'


def _say(text: str) -> None:
    print(f'{time.strftime("%H:%M:%S")} {text}', flush=True)
