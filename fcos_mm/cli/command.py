"""From the words of a command line to the exit status."""
import argparse
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import NoReturn

from fcos_mm.cli.options import complete, reads_configs
from fcos_mm.config.nearest import did_you_mean
from fcos_mm.errors import UserError


class Parser(argparse.ArgumentParser):
    """A parser whose errors are two lines, without all options before them."""

    def error(self, message: str) -> NoReturn:
        """Print an error, with the option that is meant, and end the process with status 2."""
        _, unknown, words = message.partition('unrecognized arguments: ')
        option = words.split()[0].partition('=')[0] if unknown else ''
        meant = did_you_mean(option, self._option_string_actions) if option[:1] == '-' else ''
        self.exit(2, f'error: {message}{"." + meant if meant else ""}\n'
                     f'`{self.prog} --help` explains the options.\n')


def run_command(command: ModuleType, argv: Sequence[str] | None = None, **defaults) -> None:
    """Run a command as a script does, and end the process with its exit status.

    Args:
        command: A module of ``fcos_mm.cli``.
        argv: The words of the command line; those of the process if None.
        **defaults: As of :func:`parse`.
    """
    run_tool(lambda: main(command, argv, **defaults))


def main(command: ModuleType, argv: Sequence[str] | None = None, **defaults):
    """Run a command and return its result; arguments and errors as of :func:`parse`."""
    return command.run(parse(command, argv, **defaults))


def parse(command: ModuleType, argv: Sequence[str] | None = None, *, prog: str | None = None,
          **defaults) -> argparse.Namespace:
    """Parse the command line of a command.

    Where a command hands options on to others, those it does not know are ``other_options``. One
    that needs OpenMMLab's packages for some options only says so by ``needs_libraries(args)``;
    others need them if they read configs.

    Args:
        command: A module of ``fcos_mm.cli``.
        argv: The words of the command line; those of the process if None.
        prog: What the command is called in its help; the path of the script if None.
        **defaults: Values for ``args`` that no option sets.

    Raises:
        SystemExit: After ``--help``, or if an option is wrong.
        UserError: If the value of an option cannot be read.
    """
    parser = Parser(prog=prog or sys.argv[0],
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_arguments(parser)
    parser.set_defaults(**defaults)
    if getattr(command, 'HANDS_OPTIONS_ON', False):
        args, args.other_options = parser.parse_known_args(argv)
    else:
        args = parser.parse_args(argv)
    needs_libraries = getattr(command, 'needs_libraries', reads_configs)
    return complete(args, needs_libraries(args))


def run_tool(tool: Callable[[], object]) -> None:
    """Run a function as a script; a user's mistake is printed without a traceback.

    Raises:
        SystemExit: Always, with the number that the tool returns; 2 after a ``UserError``.
    """
    if is_one_of_several():
        from fcos_mm.engine.distributed.worker_exit import run_rank
        sys.exit(run_rank(tool))
    try:
        result = tool()
        status = result if isinstance(result, int) else 0
        sys.stdout.flush()
    except UserError as error:
        print(f'error: {error}', file=sys.stderr)
        status = 2
    except BrokenPipeError:  # whoever reads the output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)


def is_one_of_several() -> bool:
    """Whether a launcher started this process beside others."""
    if 'RANK' in os.environ:
        return int(os.environ.get('WORLD_SIZE', 1)) > 1
    return 'SLURM_PROCID' in os.environ and int(os.environ.get('SLURM_NTASKS', 1)) > 1
