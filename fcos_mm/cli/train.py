"""``fcos-mm train``: training a detector, of a config or on the user's own data."""
import argparse
import re
from importlib import import_module

from fcos_mm.cli.options import add_run_options, not_negative, positive
from fcos_mm.errors import UserError

_EXAMPLES = '''examples:
  fcos-mm train --data PATH/TO/MY/DATA
  fcos-mm train --data PATH/TO/MY/DATA --time 30m
  fcos-mm train --data PATH/TO/MY/DATA --resume
  fcos-mm train configs/demo/fcos_csp-w25_fpn_shapes.py
  fcos-mm train configs/demo/fcos_csp-w25_fpn_shapes.py --resume
On SIGTERM and SIGUSR1 training saves a checkpoint and exits with status 75.'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description, parser.epilog = 'Train a detector', _EXAMPLES
    parser.add_argument('config', nargs='?',
                        help='path of a config, or fcos_mm::<path> for a shipped one')
    _add_data_options(parser)
    parser.add_argument('--amp', action='store_true', help='train in mixed precision (GPU)')
    parser.add_argument('--auto-scale-lr', action='store_true',
                        help='scale the learning rate to the batch size of all processes')
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='resume from a checkpoint; alone: from the newest intact one in the '
                        'work dir, or start from the beginning where there is none')
    parser.add_argument('--overwrite', action='store_true',
                        help='remove the checkpoints of an earlier run in the work dir and start '
                        'from the beginning')
    parser.add_argument('--skip-data-check', action='store_true',
                        help='do not check annotations and images first')
    add_run_options(parser)



def _add_data_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        'your own data', 'What is not given is chosen from the data and the machine, shown with '
        'the reason, and written as a config into the work dir.')
    group.add_argument('--data', metavar='PATH',
                       help='a folder, or an annotation file, in COCO, VOC or YOLO format')
    group.add_argument('--dry-run', action='store_true',
                       help='write the config and do not train')
    group.add_argument('--classes', nargs='+', metavar='NAME', help='those to learn (default: all)')
    group.add_argument('--size', type=_size, metavar='PIXELS|WxH',
                       help='the largest sides of the input, e.g. 640 or 640x480')
    group.add_argument('--levels', type=_levels, metavar='P3-P5', help='levels of the pyramid')
    group.add_argument('--backbone', metavar='NAME', help='lite0, lite1, lite2, resnet18, '
                       'resnet50, resnet101, or timm:NAME')
    group.add_argument('--batch', type=positive, metavar='N', help='images of a step')
    group.add_argument('--lr', type=_rate, metavar='X', help='learning rate')
    length = group.add_mutually_exclusive_group()
    length.add_argument('--epochs', type=positive, metavar='N', help='times through the data')
    length.add_argument('--time', type=_seconds, metavar='20m',
                        help='what training may take: as many epochs as fit, e.g. 90s, 20m, 1h30m')
    group.add_argument('--seed', type=not_negative, metavar='N', help='default: 0')


def run(args: argparse.Namespace) -> None:
    """Train.

    Raises:
        UserError: If an option, the config, the data or a checkpoint is wrong.
    """
    given = [name for name in _DATA_OPTIONS if getattr(args, name[2:].replace('-', '_'))]
    if bool(args.config) == bool(args.data):
        raise UserError('Give one of the two: a config, `fcos-mm train CONFIG`, or your own data, '
                        '`fcos-mm train --data PATH`.')
    if args.config and given:
        raise UserError(f'{given[0]} goes with --data. A config has its own settings: edit it, or '
                        'change them by --cfg-options, e.g. --cfg-options epochs=20 batch_size=4.')
    import_module('fcos_mm.apis.train_data' if args.data else 'fcos_mm.apis.train').run(args)


_SIZE = re.compile(r'(\d+)(?:x(\d+))?')
_LEVELS = re.compile(r'P([2-7])-P([2-7])')
_TIME = re.compile(r'(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?')


def _size(text: str) -> tuple[int, int]:
    """The longer and the shorter side in pixels."""
    found = _SIZE.fullmatch(text)
    sides = [int(side) for side in found.groups() if side] if found else [0]
    if min(sides) < 32:
        raise argparse.ArgumentTypeError(f'{text}: give pixels from 32 on, as 640 or 640x480')
    return max(sides), min(sides)


def _levels(text: str) -> tuple[int, int]:
    found = _LEVELS.fullmatch(text.upper())
    if not found or found[1] >= found[2]:
        raise argparse.ArgumentTypeError(f'{text}: give the first and the last level of P2 to P7, '
                                         'as P3-P5')
    return int(found[1]), int(found[2])


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.
    if not 0 < rate < 1:
        raise argparse.ArgumentTypeError(f'{text}: give a number between 0 and 1, as 0.001')
    return rate


def _seconds(text: str) -> int:
    found = _TIME.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    if not hours + minutes + seconds:
        raise argparse.ArgumentTypeError(f'{text}: give a time such as 90s, 20m or 1h30m')
    return 3600 * hours + 60 * minutes + seconds
