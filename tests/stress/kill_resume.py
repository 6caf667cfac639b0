#!/usr/bin/env python3
"""Kill a training again and again; it must end as if nothing had happened.

Trains a small FCOS on a small copy of `shapes` once without interruption, and
once with SIGKILL at random moments: while it starts, in an iteration, in a
validation, and inside the writing of a checkpoint. After each kill it is
resumed. Losses of every iteration, metrics of every validation, and weights,
averaged weights, optimizer and schedules at the end must be the same, bit for
bit. Exit status 1 if they are not.
"""
import argparse
import json
import multiprocessing
import os
import random
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')
sys.path.insert(0, str(Path(__file__).resolve().parent))

import torch
from kill_resume_config import IMAGES, LONGEST_LOSS, write_config
from mmengine.config import Config

from fcos_mm import cli
from fcos_mm.checkpoints.safe_loading import read_checkpoint
from fcos_mm.cli import run_tool, train
from fcos_mm.datasets.shapes import make_shapes
from fcos_mm.engine.resume.resume_point import candidates

EXAMPLES = '''examples:
  python tests/stress/kill_resume.py --kills 50
  python tests/stress/kill_resume.py --kills 50 --loop epoch --workers 0
'''
# Not results: how long things took and how much memory they used.
UNEQUAL = ('time', 'data_time', 'memory')
_SHOWN = 5  # differences
TIMEOUT = 300  # seconds without a new iteration or an end
_MOST_AWAITED = 24  # iterations before a kill, at most: four epochs


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kills', type=int, default=50, help='default: %(default)s')
    parser.add_argument('--loop', choices=['iter', 'epoch'], default='iter',
                        help='training by iterations or by epochs (default: %(default)s)')
    parser.add_argument('--workers', type=int, default=2,
                        help='processes that load images (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='of the moments (default: %(default)s)')
    parser.add_argument('--work-dir', help='where to write; a temporary folder if absent')
    return parser.parse_args(argv)


def main(argv=None) -> int:
    """Run both trainings and compare them.

    Args:
        argv: The words of the command line; those of the process if None.
    """
    args = parse_args(argv)
    # mmengine formats the config's text for every checkpoint, which takes half a second.
    Config.pretty_text = property(lambda self: repr(self.to_dict()))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(args.work_dir or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / 'config.py'
        write_config(config, loop=args.loop, iterations=32 + 4 * args.kills, workers=args.workers)
        child = start(folder / 'data.log', make_shapes, str(folder / 'data'), seed=0,
                      counts=(IMAGES, 4, 1), image_size=(96, 80))
        finish(child)
        undisturbed, killed = Run(folder, config, 'undisturbed'), Run(folder, config, 'killed')
        finish(undisturbed.start(resume=False))
        print(f'undisturbed: {undisturbed.last_step()} iterations')
        moments = random.Random(args.seed)
        kills = disturb(killed, args.kills, moments, undisturbed.last_step())
        faults = compare(undisturbed, killed)
        if kills < args.kills:
            faults.append(f'training ended after {kills} of {args.kills} kills')
        if killed.lost > LONGEST_LOSS[args.loop]:
            faults.append(f'{killed.lost} iterations were lost at once')
        repeated = killed.repeated()
    print(f'kills: {kills}, of these inside the writing of a file: {killed.unfinished}\n'
          f'iterations lost by one kill, at most: {killed.lost}\n'
          f'iterations trained twice or more and equal: {repeated}')
    print('\n'.join(faults) or 'verdict: the same, bit for bit')
    return int(bool(faults))


class Run:
    """A training and what it leaves behind.

    Args:
        folder: Holds ``data``; the run writes into a folder of its own in it.
        config: The config.
        name: Of the run's folder.
    """

    def __init__(self, folder: Path, config: Path, name: str) -> None:
        self.config = config
        self.data = folder / 'data'
        self.work_dir = folder / name
        self.work_dir.mkdir()
        self.unfinished = 0  # kills that left a file half written
        self.lost = 0  # the most iterations that one kill cost

    def start(self, resume: bool) -> multiprocessing.Process:
        """Start or resume the training in a process of its own."""
        words = [str(self.config), '--no-report', '--work-dir', str(self.work_dir),
                 *(['--resume'] if resume else []),
                 '--cfg-options', f'data_root={self.data}/', 'randomness.seed=0']
        return start(self.work_dir / 'screen.txt', run_tool, lambda: cli.main(train, words))

    def rows(self) -> list:
        """What was logged: training steps and validations, in order."""
        paths = sorted(self.work_dir.glob('*/vis_data/scalars.json'))
        lines = [line for path in paths for line in path.read_text().splitlines()]
        rows = [_row(line) for line in lines]
        return [row for row in rows if row is not None]

    def last_step(self) -> int:
        """The last iteration that was logged."""
        return max((row['step'] for row in self.rows() if 'loss' in row), default=0)

    def losses(self) -> dict:
        """What was logged of each iteration, once or more often."""
        found = {}
        for row in self.rows():
            if 'loss' in row:
                values = {key: value for key, value in row.items() if key not in UNEQUAL}
                found.setdefault(row['step'], []).append(values)
        return found

    def repeated(self) -> int:
        """How many iterations were logged more than once."""
        return sum(len(values) > 1 for values in self.losses().values())

    def final(self) -> dict:
        """The last checkpoint."""
        return torch.load(candidates(str(self.work_dir))[0], map_location='cpu')


def disturb(run: Run, kills: int, moments: random.Random, iterations: int) -> int:
    """Kill the training until it has been killed often enough, then let it end.

    Args:
        run: The training, not started.
        kills: How often.
        moments: Decides when.
        iterations: Of the whole training.

    Returns:
        How often it was killed before it ended.
    """
    for done in range(kills):
        before = run.last_step()
        logged = len(run.rows())
        child = run.start(resume=True)
        killed = kill_at_random(run, child, moments, iterations - before)
        if not killed:
            return done
        run.unfinished += bool(list(run.work_dir.glob('.*.unfinished')))
        check_pointer(run.work_dir)
        note_lost(run, before, logged)
        print(f'\rkill {done + 1} of {kills}, iteration {run.last_step()}', end='', flush=True)
    print()
    before, logged = run.last_step(), len(run.rows())
    finish(run.start(resume=True))
    note_lost(run, before, logged)
    return kills


def kill_at_random(run: Run, child: multiprocessing.Process, moments: random.Random,
                   left: int) -> bool:
    """Wait for a moment and kill; shortly before the end, while it starts.

    Args:
        run: The training.
        child: Its process.
        moments: Decides when.
        left: Iterations until its end.

    Returns:
        False if the training ended before.
    """
    kind = moments.choices(['start', 'step', 'write'], weights=[1, 4, 3])[0]
    if left <= _MOST_AWAITED:
        child.join(moments.uniform(0, 0.5))
    elif kind == 'start':
        child.join(moments.uniform(0, 3))
    elif kind == 'step':
        wanted = len(run.rows()) + moments.randint(1, 9)
        _wait(child, lambda: len(run.rows()) >= wanted, 0.01)
        child.join(moments.uniform(0, 0.4))
    else:
        for _ in range(moments.randint(1, 4)):
            _wait(child, lambda: not _writes(run.work_dir), 0.001)
            _wait(child, lambda: _writes(run.work_dir), 0.001)
    if child.exitcode is not None:
        _check_end(child)
        return False
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    return True


def check_pointer(work_dir: Path) -> None:
    """The checkpoint that the pointer names is never damaged."""
    pointer = work_dir / 'last_checkpoint'
    if pointer.is_file():
        read_checkpoint(pointer.read_text())


def note_lost(run: Run, before: int, logged: int) -> None:
    """Find out how many iterations of the last attempt were trained again."""
    first = next((row['step'] for row in run.rows()[logged:] if 'loss' in row), None)
    if first is not None:
        run.lost = max(run.lost, before - (first - 1))


def compare(undisturbed: Run, killed: Run) -> list:
    """Compare all results.

    Returns:
        A line for each difference.
    """
    faults = []
    expected, found = undisturbed.losses(), killed.losses()
    if expected.keys() != found.keys():
        faults.append(f'missing or more: {sorted(expected.keys() ^ found.keys())[:5]}')
    for key in sorted(expected.keys() & found.keys()):
        faults += [f'iteration {key}: {expected[key][0]} and {values}' for values in found[key]
                   if values != expected[key][0]]
    faults[_SHOWN:] = [f'and {len(faults) - _SHOWN} more results'] if faults[_SHOWN:] else []
    final = undisturbed.final(), killed.final()
    for name in ('state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers', 'random_states'):
        if not equal(*(checkpoint[name] for checkpoint in final)):
            faults.append(f'{name} at the end differs')
    for name, values in _history(final[0]).items():
        if values != _history(final[1]).get(name):
            faults.append(f'{name} over the whole training differs')
    best = [checkpoint['message_hub']['runtime_info']['best_score'] for checkpoint in final]
    if best[0] != best[1]:
        faults.append(f'the best score differs: {best}')
    return faults


def _history(checkpoint: dict) -> dict:
    """All losses and metrics of a training, exactly, by their names."""
    scalars = checkpoint['message_hub']['log_scalars']
    return {name: scalars[name].data[0].tolist() for name in scalars
            if name.split('/')[-1] not in UNEQUAL}


def equal(one, other) -> bool:
    """Whether two nests of containers hold the same bits."""
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


def start(screen: Path, function, *args, **kwargs) -> multiprocessing.Process:
    """Call a function in a fork, which has imported everything already."""
    def call():
        handle = os.open(screen, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        function(*args, **kwargs)

    child = multiprocessing.get_context('fork').Process(target=call)
    child.screen = screen
    child.start()
    return child


def finish(child: multiprocessing.Process) -> None:
    """Wait for a process that must succeed."""
    child.join(TIMEOUT * 10)
    _check_end(child)


def _check_end(child: multiprocessing.Process) -> None:
    if child.exitcode != 0:
        tail = child.screen.read_text()[-3000:]
        child.kill()
        raise RuntimeError(f'exit status {child.exitcode}:\n{tail}')


def _wait(child: multiprocessing.Process, happened, pause: float) -> None:
    end = time.monotonic() + TIMEOUT
    while child.is_alive() and not happened():
        time.sleep(pause)
        if time.monotonic() > end:
            child.kill()
            raise RuntimeError(f'no progress: see {child.screen}')


def _writes(folder: Path) -> bool:
    return any(name.endswith('.pth.unfinished') for name in os.listdir(folder))


def _row(line: str):
    """A logged line; None for one that a kill has cut short."""
    if not re.fullmatch(r'\{.*\}', line):
        return None
    return json.loads(line)


if __name__ == '__main__':
    run_tool(main)
