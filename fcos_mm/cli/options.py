"""Options shared by several commands."""
import argparse
import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from fcos_mm.compat.libraries import require_libraries
from fcos_mm.errors import UserError

_NOT_READ = ('not KEY=VALUE with a number, a word or a list such as "[1,2]" as the value. For '
             'anything else, write a config that inherits from this one')


def add_config(parser: argparse.ArgumentParser, text: str = (
        'path of a config, or the name of a shipped one (see the command configs)')) -> None:
    """Add the positional ``config``; ``text`` is its help."""
    parser.add_argument('config', help=text)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``train`` and ``test`` have in common."""
    parser.add_argument('--work-dir',
                        help='folder for logs and checkpoints (default: work_dirs/<config>)')
    add_config_options(parser)
    add_offline_option(parser)
    add_trust_option(parser)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none',
                        help='the launcher that started the processes')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0,
                        help='set by the launcher')


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``: words here, a dict of dotted keys after :func:`complete`."""
    parser.add_argument(
        '--cfg-options', nargs='+', action='extend', type=_key_value, metavar='KEY=VALUE',
        help='config settings to change, e.g. train_dataloader.batch_size=4 '
        'data_root=path/ model.backbone.init_cfg=None; lists as key="[a,b]" or key=a,b')


def add_precision(parser: argparse.ArgumentParser) -> None:
    """Add ``--precision``; the names of :data:`fcos_mm.speed.precision.PRECISIONS`."""
    parser.add_argument('--precision', choices=('fp32', 'bf16'),
                        help='bf16: compute convolutions in bfloat16, on a GPU or a CPU with '
                        'amx_bf16 or avx512_bf16 (default: fp32, or as the config says)')


def add_score_threshold(parser: argparse.ArgumentParser, verb: str) -> None:
    """Add ``--score-thr``; ``verb`` says what happens to the detections above it."""
    parser.add_argument('--score-thr', type=float, default=0.3,
                        help=f'{verb} detections with at least this score (default: %(default)s)')


def add_trust_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--trust-checkpoint``, for :func:`fcos_mm.checkpoints.trust.trust_checkpoints`."""
    parser.add_argument(
        '--trust-checkpoint', action='store_true',
        help='also load checkpoints that contain more than weights; this can run code from the '
        'file, so use it only for files you trust')


def add_offline_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--offline``; :func:`complete` sets the environment variable that means the same."""
    parser.add_argument('--offline', action='store_true',
                        help='download no published models: use those in the cache (the command '
                        'models)')


def run_of(module: str) -> Callable[[argparse.Namespace], Any]:
    """A command's ``run`` that is the one of a module, imported when it is called."""
    return lambda args: import_module(module).run(args)


def _at_least(least: int) -> Callable[[str], int]:
    """A ``type`` of argparse: whole numbers from ``least`` on."""
    def read(text: str) -> int:
        if not text.isascii() or not text.lstrip('-').isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f'must be {least} or more, got {text}')
        return int(text)

    return read


positive, not_negative = _at_least(1), _at_least(0)


def threshold(text: str) -> float | str:
    """A ``type`` of argparse: a number, or ``'auto'``; the command checks the number."""
    try:
        return text if text == 'auto' else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text}: give a number from 0 to 1, or auto') from None


def complete(args: argparse.Namespace, needs_libraries: bool) -> argparse.Namespace:
    """Complete parsed options by what needs mmengine or concerns the process.

    The words of ``--cfg-options`` become a dict of dotted keys and values; the local
    rank and ``--offline`` go to the environment.

    Args:
        args: What was parsed.
        needs_libraries: Whether the command needs OpenMMLab's packages. Without them the words of
            ``--cfg-options`` stay as they are.

    Raises:
        UserError: If a value cannot be read, no launcher started this process though one is
            named, or OpenMMLab's packages are needed and not installed.
    """
    if needs_libraries:
        try:
            require_libraries()
        except ImportError as error:
            raise UserError(f'{error}\n`fcos-mm doctor` checks the whole installation.') from None
    if getattr(args, 'launcher', None) == 'pytorch' and 'RANK' not in os.environ:
        raise UserError('--launcher pytorch is for processes that torchrun starts: use '
                        'tools/dist_train.sh, tools/dist_test.sh or `fcos-mm launch`.')
    if 'local_rank' in args:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    if getattr(args, 'offline', False):
        os.environ['FCOS_MM_OFFLINE'] = '1'
    if needs_libraries and getattr(args, 'cfg_options', None) is not None:
        args.cfg_options = _read(args.cfg_options)
    return args


def reads_configs(args: argparse.Namespace) -> bool:
    """Whether a command has an option for settings of configs."""
    return 'cfg_options' in args


def _key_value(word: str) -> str:
    if '=' not in word:
        raise argparse.ArgumentTypeError(f'{word}: {_NOT_READ}')
    return word


def _read(words: list[str]) -> dict:
    """The settings as mmengine's own option reads them."""
    from mmengine.config import DictAction
    action = DictAction(option_strings=[], dest='cfg_options')
    settings = argparse.Namespace()
    for word in words:
        try:
            action(None, settings, [word])
        except (ValueError, AssertionError, RecursionError):
            raise UserError(f'--cfg-options {word}: {_NOT_READ}') from None
    return settings.cfg_options
