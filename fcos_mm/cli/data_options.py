"""The options of ``train`` for a user's own data."""
import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from fcos_mm.cli.options import not_negative, positive
from fcos_mm.errors import UserError

_ONLY_WITH_DATA = ('classes', 'size', 'levels', 'backbone', 'batch', 'lr', 'epochs', 'time', 'seed',
                   'dry_run')
_SMALLEST = 32  # pixels of a side
_SIZE = re.compile(r'(\d+)(?:x(\d+))?')
_LEVELS = re.compile(r'P([2-7])-P([2-7])')
_TIME = re.compile(r'(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?')


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--data`` and the options that go with it."""
    group = parser.add_argument_group(
        'your own data', 'Settings you leave out are chosen to suit the data and the machine. They '
        'are printed with the reason and written as a config to the work dir.')
    group.add_argument('--data', metavar='PATH', help='train on data in COCO, PASCAL VOC or YOLO '
                       'format, instead of a config')
    group.add_argument('--classes', nargs='+', metavar='NAME',
                       help='classes to learn (default: all)')
    group.add_argument('--size', type=_size, metavar='640|640x480',
                       help='maximum input size in pixels')
    group.add_argument('--levels', type=_levels, metavar='P3-P5', help='feature pyramid levels')
    group.add_argument('--backbone', metavar='NAME', help='lite0, lite1, lite2, resnet18, '
                       'resnet50, resnet101, or timm:NAME')
    group.add_argument('--batch', type=positive, metavar='N', help='batch size')
    group.add_argument('--lr', type=_rate, metavar='X', help='learning rate')
    length = group.add_mutually_exclusive_group()
    length.add_argument('--epochs', type=positive, metavar='N', help='number of epochs')
    length.add_argument('--time', type=_seconds, metavar='20m',
                        help='time limit, such as 90s, 20m or 1h30m; trains as many epochs as fit')
    group.add_argument('--seed', type=not_negative, metavar='N',
                       help='random seed of the split and the training (default: 0)')
    group.add_argument('--dry-run', action='store_true', help='write the config, do not train')


def check_data_options(args: argparse.Namespace) -> None:
    """Check that there is either a config or data with its options.

    With data ``args.data_options`` becomes the words of the options that are given.

    Raises:
        UserError: If both are given, or neither.
    """
    if bool(args.config) == bool(args.data):
        raise UserError('Give either a config, `fcos-mm train CONFIG`, or your own data, '
                        '`fcos-mm train --data PATH`.')
    given = [name for name in _ONLY_WITH_DATA
             if not (getattr(args, name) is None or getattr(args, name) is False)]
    if args.config and given:
        raise UserError(f'--{given[0].replace("_", "-")} works only with --data. To change the '
                        'settings of a config, edit it or use --cfg-options, e.g. '
                        '--cfg-options epochs=20 batch_size=4.')
    if args.data:
        args.data_options = {f'--{name}': list(_words(name, getattr(args, name)))
                             for name in ('data', *given) if name != 'dry_run'}


def _words(name: str, value) -> Iterator[str]:
    """The value of an option as the command line has it, always in the same form."""
    match name:
        case 'data':
            yield str(Path(value).resolve())
        case 'classes':
            yield from value
        case 'size':
            yield '{}x{}'.format(*value)
        case 'levels':
            yield 'P{}-P{}'.format(*value)
        case 'time':
            yield f'{value}s'
        case _:
            yield f'{value}'


def _size(text: str) -> tuple[int, int]:
    """The longer and the shorter side in pixels."""
    found = _SIZE.fullmatch(text)
    sides = [int(side) for side in found.groups() if side] if found else [0]
    if min(sides) < _SMALLEST:
        raise argparse.ArgumentTypeError(
            f'{text}: give {_SMALLEST} pixels or more, such as 640 or 640x480')
    return max(sides), min(sides)


def _levels(text: str) -> tuple[int, int]:
    """The numbers of the first and the last level."""
    found = _LEVELS.fullmatch(text.upper())
    if not found or found[1] >= found[2]:
        raise argparse.ArgumentTypeError(f'{text}: give the first and the last level of P2 to P7, '
                                         'such as P3-P5')
    return int(found[1]), int(found[2])


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.
    if not 0 < rate < 1:
        raise argparse.ArgumentTypeError(f'{text}: give a number between 0 and 1, such as 0.001')
    return rate


def _seconds(text: str) -> int:
    found = _TIME.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    if not hours + minutes + seconds:
        raise argparse.ArgumentTypeError(f'{text}: give a time such as 90s, 20m or 1h30m')
    return 3600 * hours + 60 * minutes + seconds
