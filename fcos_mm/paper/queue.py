"""Run trainings and tests in parallel; show their progress; resume after being stopped."""
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from fcos_mm.errors import UserError
from fcos_mm.paper.runs import Run

_REPORT_EVERY = 30  # seconds
_SHOWN = 12  # lines of a failed run's error


class Queue:
    """Do works, each a training and its tests, in subprocesses, ``jobs`` at a time.

    When it is stopped by Ctrl-C, a signal or a power cut, each training loses what it did since
    its last checkpoint; the same command resumes. A subprocess that outlives a killed queue keeps
    its folder locked.
    """

    def __init__(self, *, jobs: int) -> None:
        self.jobs = jobs
        self.processes: dict[Path, subprocess.Popen] = {}
        self.stopped = threading.Event()

    def run(self, works: Sequence[Sequence[Run]]) -> list[str]:
        """Do what is left of the works; return a line for each run that failed.

        Tests of two trainings come last, those of which a training failed are left out.
        """
        works = [left for work in works if (left := [run for run in work if run.is_left])]
        for work in works:  # reports other settings before anything starts
            for training in work[0].trainings:
                training.check()
            work[0].prepare()
        ranked = [work for work in works if work[0].ranking is not None]
        failures = self._run_all([work for work in works if work not in ranked])
        return failures + self._run_all([
            work for work in ranked if not any(run.is_left for run in work[0].trainings)])

    def _run_all(self, works: Sequence[Sequence[Run]]) -> list[str]:
        """Do works in parallel; return the failures."""
        before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        try:
            with ThreadPoolExecutor(self.jobs) as pool:
                try:
                    return self._wait({pool.submit(self._do, work) for work in works})
                except BaseException:
                    self.stopped.set()
                    pool.shutdown(wait=False, cancel_futures=True)
                    for process in list(self.processes.values()):
                        process.terminate()
                    raise
        finally:
            signal.signal(signal.SIGTERM, before)

    def _wait(self, left: set[Future]) -> list[str]:
        """Wait for all, reporting progress; return the failures."""
        total, failures = len(left), []
        while left:
            done, left = wait(left, timeout=_REPORT_EVERY, return_when=FIRST_COMPLETED)
            failures += [task.result() for task in done if task.result()]
            if not done:
                states = [_progress(folder) for folder in list(self.processes)]
                _print(f'[{total - len(left)}/{total}] {"; ".join(states)}')
        return failures

    def _do(self, work: Sequence[Run]) -> str:
        """Do the runs up to the first that fails; return its problem."""
        problems = (self._run(run) for run in work if not self.stopped.is_set())
        return next(filter(None, problems), '')

    def _run(self, run: Run) -> str:
        """Lock the folder and run the tool; return what went wrong."""
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
        """Run the tool, which inherits the lock; return what went wrong."""
        start, log = time.monotonic(), run.folder / 'screen.log'
        threads = max(1, (os.cpu_count() or 1) // self.jobs)
        _print(f'{run}: started')
        with open(log, 'a') as screen:
            process = subprocess.Popen(
                [sys.executable, *run.command()], stdout=screen, stderr=subprocess.STDOUT,
                env=dict(os.environ, OMP_NUM_THREADS=str(threads), PYTHONUNBUFFERED='1'),
                pass_fds=[lock])
            self.processes[run.folder] = process
            if self.stopped.is_set():  # while it started: run() has not seen it
                process.terminate()
            status = process.wait()
            del self.processes[run.folder]
        if self.stopped.is_set():
            return ''
        if status:
            return (f'{run} failed with status {status}; its messages are in {log}, '
                    f'the last of them:\n{_last_words(log)}')
        run.finish()
        _print(f'{run}: done in {(time.monotonic() - start) / 60:.1f} minutes')
        return ''


def _last_words(log: Path) -> str:
    """The error message of the tool, else its last line; indented."""
    lines = [line for line in log.read_text(errors='replace').splitlines() if line.strip()]
    errors = [index for index, line in enumerate(lines) if line.startswith('error: ')]
    first = errors[-1] if errors else -1
    return '\n'.join(f'  {line}' for line in lines[first:][:_SHOWN] or ['(none)'])


def _progress(folder: Path) -> str:
    """The last iteration in a run's log."""
    logs = sorted(folder.glob('*/vis_data/scalars.json'))
    lines = logs[-1].read_text().splitlines() if logs else []
    state = f'iteration {json.loads(lines[-1]).get("step", "?")}' if lines else 'starting'
    return f'{folder.parent.name} {folder.name} {state}'


def _print(text: str) -> None:
    print(f'{time.strftime("%H:%M:%S")} {text}', flush=True)
