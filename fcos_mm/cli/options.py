"""Options that several commands have."""
import argparse
import os
from collections.abc import Sequence

from fcos_mm.compat.libraries import require_libraries
from fcos_mm.errors import UserError


def add_config(parser: argparse.ArgumentParser, text: str = (
        'path of a config, or fcos_mm::<path> for a shipped one')) -> None:
    """Add the positional ``config``.

    Args:
        parser: The parser to add to.
        text: What ``--help`` says.
    """
    parser.add_argument('config', help=text)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``train`` and ``test`` have in common.

    Args:
        parser: The parser to add to.
    """
    parser.add_argument('--work-dir', help='where logs and models go; work_dirs/<config> if absent')
    add_config_options(parser)
    add_trust_option(parser)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none',
                        help='how the processes were started')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0,
                        help='set by the launcher')


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``; see :func:`resolve`.

    Args:
        parser: The parser to add to.
    """
    parser.add_argument(
        '--cfg-options', nargs='+', action=_KeyValues, metavar='KEY=VALUE',
        help='settings of the config to change, e.g. train_dataloader.batch_size=4 '
        'data_root=path/ model.backbone.init_cfg=None; lists as key="[a,b]" or key=a,b')


def add_trust_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--trust-checkpoint``, for :func:`trust_checkpoints`.

    Args:
        parser: The parser to add to.
    """
    parser.add_argument(
        '--trust-checkpoint', action='store_true',
        help='load checkpoints that hold more than weights too: code in them will run, so only '
        'where you trust who made them')


def positive(text: str) -> int:
    """Read a whole number of 1 or more; a ``type`` of argparse.

    Args:
        text: The word of the command line.

    Raises:
        ArgumentTypeError: If it is none.
    """
    return _at_least(1, text)


def not_negative(text: str) -> int:
    """Read a whole number of 0 or more; a ``type`` of argparse.

    Args:
        text: The word of the command line.

    Raises:
        ArgumentTypeError: If it is none.
    """
    return _at_least(0, text)


def resolve(args: argparse.Namespace) -> argparse.Namespace:
    """Finish the options with what takes mmengine, and hand the local rank on to it.

    Args:
        args: The parsed options, changed in place: the words of
            ``--cfg-options`` become a dict of dotted keys and values.

    Raises:
        ImportError: If OpenMMLab's packages are not installed.
        UserError: If a value cannot be read, or no launcher started this
            process though one is named.
    """
    require_libraries()
    if getattr(args, 'launcher', None) == 'pytorch' and 'RANK' not in os.environ:
        raise UserError('--launcher pytorch is for processes that torchrun starts: use '
                        'tools/dist_train.sh or tools/dist_test.sh.')
    if hasattr(args, 'local_rank'):
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    if getattr(args, 'cfg_options', None) is not None:
        args.cfg_options = _read(args.cfg_options)
    return args


class _KeyValues(argparse.Action):
    """Collects the words of ``--cfg-options``, also of several."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
                 values: Sequence[str], option_string: str | None = None) -> None:
        for word in values:
            if '=' not in word:
                parser.error(_not_read(word))
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or ()), *values])


def _read(words: Sequence[str]) -> dict:
    """The settings as mmengine's own option reads them."""
    from mmengine.config import DictAction
    action = DictAction(option_strings=[], dest='cfg_options')
    settings = argparse.Namespace()
    for word in words:
        try:
            action(None, settings, [word])
        except (ValueError, AssertionError, RecursionError):
            raise UserError(_not_read(word)) from None
    return settings.cfg_options


def _not_read(word: str) -> str:
    return (f'--cfg-options {word}: not KEY=VALUE with a number, a word or a list such as "[1,2]" '
            'as its value; for more, write a config that inherits this one')


def _at_least(least: int, text: str) -> int:
    if not text.isascii() or not text.lstrip('-').isdigit() or int(text) < least:
        raise argparse.ArgumentTypeError(f'must be {least} or more, got {text}')
    return int(text)
