"""``fcos-mm demo``: generate data, train a small FCOS, test it and draw its detections."""
import argparse
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

from fcos_mm.errors import UserError

CONFIG = 'demo/fcos_csp-w25_fpn_shapes.py'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = (
        'Generate the dataset `shapes` if it does not exist, train a small FCOS on it, test it on '
        'the test split and draw some detections.')
    parser.epilog = 'example:\n  %(prog)s --epochs 2'
    parser.add_argument('--data-root', default='data/shapes', help='dataset folder')
    parser.add_argument('--work-dir', default='work_dirs/demo', help='folder for the results')
    parser.add_argument('--epochs', type=int, help='number of epochs')
    parser.add_argument('--cfg-options', dest='settings', nargs='+', default=[],
                        metavar='KEY=VALUE',
                        help='config settings to change, as in `fcos-mm train`')
    parser.set_defaults(tools=None)


def run(args: argparse.Namespace) -> None:
    """Run the demo, by the scripts in the folder ``args.tools`` or by ``fcos-mm`` if it is None.

    Raises:
        UserError: If the data cannot be written, or a command fails.
    """
    from fcos_mm.datasets.shapes import make_data
    start, work_dir = time.monotonic(), Path(args.work_dir)
    config = args.tools.parent / 'configs' / CONFIG if args.tools else f'fcos_mm::{CONFIG}'
    options = ['--cfg-options', f'data_root={args.data_root}/', *args.settings]
    if args.epochs is not None:
        options.append(f'train_cfg.max_epochs={args.epochs}')
    make_data(args.data_root)
    run_step(args.tools, 'train', config, '--work-dir', work_dir / 'train', '--overwrite',
             *options)
    checkpoint = last_checkpoint(work_dir / 'train')
    predictions, grid = work_dir / 'predictions.pkl', work_dir / 'grid.png'
    run_step(args.tools, 'test', config, checkpoint, '--work-dir', work_dir / 'test',
             '--out', predictions, *options)
    run_step(args.tools, 'draw-grid', config, predictions, '--out', grid)
    minutes = (time.monotonic() - start) / 60
    print(f'\ncheckpoint  {checkpoint}\nimages      {grid}\ntook        {minutes:.1f} minutes')


def run_step(tools: Path | None, name: str, *words: object) -> None:
    """Run a command in a process of its own, after showing its command line.

    Args:
        tools: Folder of its script; None for ``fcos-mm``.
        name: The command.
        *words: What follows it on the command line.

    Raises:
        UserError: If it fails; it has said why.
    """
    if tools is None:
        shown, called = ['fcos-mm', name], ['-m', 'fcos_mm', name]
    else:
        script, = tools.rglob(f'{name.replace("-", "_")}.py')
        called = [os.path.relpath(script)]
        shown = ['python', *called]
    words = [str(word) for word in words]
    print(f'\n$ {shlex.join([*shown, *words])}', flush=True)
    status = subprocess.run([sys.executable, *called, *words]).returncode
    if status:
        raise UserError(f'{shown[-1]} failed with status {status}; see its messages above.')


def last_checkpoint(work_dir: Path) -> str:
    """The path of the newest checkpoint in the work dir of a training.

    Raises:
        UserError: If there is none.
    """
    pointer = work_dir / 'last_checkpoint'
    if not pointer.is_file():
        raise UserError(f'Training left no checkpoint in {work_dir}.\nSee the log file '
                        'there.')
    return os.path.relpath(pointer.read_text().strip())
