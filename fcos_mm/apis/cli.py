"""What the command-line tools share: options, and how a mistake is told."""
import argparse
import os
import sys
from typing import Callable, Optional, Sequence

from mmengine.config import DictAction

from fcos_mm.engine.ranks.rank_end import is_one_of_several, run_rank
from fcos_mm.errors import UserError


def run_tool(main: Callable[[], object]) -> None:
    """Run a tool; a user's mistake is printed without a traceback.

    Args:
        main: The tool. A number it returns is the exit status.

    Raises:
        SystemExit: Always. Status 2 after a ``UserError``.
    """
    if is_one_of_several():
        sys.exit(run_rank(main))
    try:
        result = main()
        status = result if isinstance(result, int) else 0
    except UserError as error:
        print(f'error: {error}', file=sys.stderr)
        status = 2
    sys.exit(status)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``train.py`` and ``test.py`` have in common.

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
    """Add ``--cfg-options``.

    Args:
        parser: The parser to add to.
    """
    parser.add_argument(
        '--cfg-options', nargs='+', action=ConfigOptions, metavar='KEY=VALUE',
        help='settings of the config to change, e.g. train_dataloader.batch_size=4 '
        'data_root=path/ model.backbone.init_cfg=None; lists as key="[a,b]" or key=a,b')


class ConfigOptions(DictAction):
    """mmengine's reading of ``KEY=VALUE``, with an error in words for what it cannot read."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
                 values: Sequence[str], option_string: Optional[str] = None) -> None:
        """Add the words of the option to those before.

        Args:
            parser: The parser, which ends the tool where a word cannot be read.
            namespace: What is parsed so far.
            values: The words.
            option_string: The name of the option.
        """
        for word in values:
            try:
                super().__call__(parser, namespace, [word], option_string)
            except (ValueError, AssertionError, RecursionError):
                parser.error(f'{option_string} {word}: not KEY=VALUE with a number, a word or a '
                             'list such as "[1,2]" as its value; for more, write a config that '
                             'inherits this one')


def add_trust_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--trust-checkpoint``, for :func:`trust_checkpoints`.

    Args:
        parser: The parser to add to.
    """
    parser.add_argument(
        '--trust-checkpoint', action='store_true',
        help='load checkpoints that hold more than weights too: code in them will run, so only '
        'where you trust who made them')


def parse_run_options(parser: argparse.ArgumentParser,
                      argv: Optional[Sequence[str]]) -> argparse.Namespace:
    """Parse, and hand the local rank on to mmengine.

    Args:
        parser: A parser with the options of ``add_run_options``.
        argv: The words after the script's name; those of the process if None.

    Raises:
        UserError: If no launcher started this process though one is named.
    """
    args = parser.parse_args(argv)
    if args.launcher == 'pytorch' and 'RANK' not in os.environ:
        raise UserError('--launcher pytorch is for processes that torchrun starts: use '
                        'tools/dist_train.sh or tools/dist_test.sh.')
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args
