"""``tools/demo.py``: make data, train, test and draw, with the tools that a user has."""
import argparse
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

from fcos_mm.datasets.shapes import make_data
from fcos_mm.errors import UserError

CONFIG = 'configs/demo/fcos_csp-w25_fpn_shapes.py'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = (
        'Make the dataset `shapes` if it is not there, train a small FCOS on it, test it on the '
        'test split and draw some of the detections.')
    parser.add_argument('--data-root', default='data/shapes', help='folder of the dataset')
    parser.add_argument('--work-dir', default='work_dirs/demo', help='where the results go')
    parser.add_argument('--epochs', type=int, help='how many epochs to train for')
    parser.add_argument('--cfg-options', dest='settings', nargs='+', default=[],
                        metavar='KEY=VALUE',
                        help='settings of the config to change, as for tools/train.py')


def run(args: argparse.Namespace) -> None:
    """Run the demo; ``args`` also has ``tools``, the folder of the tools, beside ``configs``.

    Raises:
        UserError: If the data cannot be written, or a tool fails.
    """
    start = time.monotonic()
    config, work_dir = args.tools.parent / CONFIG, Path(args.work_dir)
    options = ['--cfg-options', f'data_root={args.data_root}/', *args.settings]
    if args.epochs is not None:
        options.append(f'train_cfg.max_epochs={args.epochs}')
    make_data(args.data_root)
    run_script(args.tools / 'train.py', config, '--work-dir', work_dir / 'train', '--overwrite',
               *options)
    checkpoint = last_checkpoint(work_dir / 'train')
    predictions, grid = work_dir / 'predictions.pkl', work_dir / 'grid.png'
    run_script(args.tools / 'test.py', config, checkpoint, '--work-dir', work_dir / 'test',
               '--out', predictions, *options)
    run_script(args.tools / 'analysis_tools' / 'draw_grid.py', config, predictions, '--out', grid)
    minutes = (time.monotonic() - start) / 60
    print(f'\ncheckpoint  {checkpoint}\nimages      {grid}\ntook        {minutes:.1f} minutes')


def run_script(tool: Path, *words: object) -> None:
    """Run a tool in a process of its own, after showing its command line.

    Raises:
        UserError: If it fails; it has said why.
    """
    command = [os.path.relpath(tool), *(str(word) for word in words)]
    print(f'\n$ python {shlex.join(command)}', flush=True)
    status = subprocess.run([sys.executable, *command]).returncode
    if status:
        raise UserError(f'{command[0]} failed with status {status}; its messages are above.')


def last_checkpoint(work_dir: Path) -> str:
    """The path of the newest checkpoint in the work dir of a training.

    Raises:
        UserError: If there is none.
    """
    pointer = work_dir / 'last_checkpoint'
    if not pointer.is_file():
        raise UserError(f'Training left no checkpoint in {work_dir}.\nLook into the log file '
                        'there.')
    return os.path.relpath(pointer.read_text().strip())
