"""``fcos-mm``: one program for all commands."""
import argparse
import sys
from collections.abc import Sequence
from itertools import groupby

from fcos_mm.cli.command import Parser, main, run_tool
from fcos_mm.cli.lookup import Command, commands, find_command
from fcos_mm.version import __version__

NAME = 'fcos-mm'
SHELLS = ('bash', 'zsh', 'tcsh')


def run(argv: Sequence[str] | None = None) -> None:
    """Run the command that the words of a command line name, and end the process.

    Args:
        argv: The words; those of the process if None.

    Raises:
        SystemExit: Always, with the exit status of the command; 2 if there is no such command.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    run_tool(lambda: _run(words))


def _run(words: Sequence[str]):
    if words and not words[0].startswith('-'):
        command = find_command(words[0])
        return main(command.load(), words[1:], prog=f'{NAME} {command.name}')
    parser = own_parser()
    args = parser.parse_args(words)
    if args.print_completion is None:
        parser.print_help(sys.stderr)
        return 2
    from fcos_mm.cli.completion import completion
    print(completion(args.print_completion))
    return 0


def own_parser() -> argparse.ArgumentParser:
    """The parser of what stands before a command: its help lists the commands."""
    parser = Parser(
        prog=NAME, usage=f'{NAME} COMMAND ...\n       {NAME} COMMAND --help',
        description='Train an FCOS detector on your own pictures, test it and use it.'
        f'\n\n{listing()}', formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--version', action='version', version=f'fcos_mm {__version__}')
    parser.add_argument('--print-completion', choices=SHELLS, metavar='SHELL',
                        help=f'print the completion script for a shell: {", ".join(SHELLS)}')
    return parser


def listing() -> str:
    """The commands under the headings of their groups, a line each."""
    def line(command: Command) -> str:
        return f'  {command.name:18} {command.summary}'

    return '\n\n'.join(
        '\n'.join([f'{group}:', *map(line, members)])
        for group, members in groupby(commands().values(), key=lambda command: command.group))
