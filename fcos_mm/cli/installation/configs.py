"""``fcos-mm configs``: list the shipped configs and their published results."""
import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from fnmatch import fnmatch

from fcos_mm.config.nearest import did_you_mean
from fcos_mm.config.shipped import ConfigFacts, config_facts, shipped_folder
from fcos_mm.errors import UserError

_WIDE = 160  # columns
_EPILOG = '''\
Published results come from the paper or code that a config follows; none were measured here.
Trained detectors that others publish: fcos-mm models.

examples:
  %(prog)s
  %(prog)s r50
      configs with r50 in the name or description
  %(prog)s 'bccd/*' --json'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'List the configs that fcos_mm ships.'
    parser.epilog = _EPILOG
    parser.add_argument('pattern', nargs='?', default='',
                        help='part of the name or description, or a pattern with * and ?')
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')


def run(args: argparse.Namespace) -> None:
    """Print the configs.

    Raises:
        UserError: If no config fits the pattern.
    """
    known = config_facts()
    found = [facts for facts in known if fits(facts, args.pattern)]
    if not found:
        raise UserError(f'No shipped config matches {args.pattern!r}.'
                        f'{did_you_mean(args.pattern, [facts.name for facts in known])}'
                        '\n`fcos-mm configs` lists them all.')
    if args.json:
        print(json.dumps([asdict(facts) for facts in found], indent=2))
    else:
        print_table(found)


def fits(facts: ConfigFacts, pattern: str) -> bool:
    """Whether a config's name, path or description has or matches a pattern, ignoring case."""
    wanted = pattern.lower()
    return any(wanted in text or fnmatch(text, wanted) for text in (
        facts.name.lower(), facts.path.lower(), facts.about.lower()))


def print_table(found: Sequence[ConfigFacts]) -> None:
    """Print one row a config: as wide as the terminal, or wide where the output is no terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column('config', overflow='fold')
    table.add_column('input')
    table.add_column('params', justify='right', no_wrap=True)
    table.add_column('published', max_width=16)
    table.add_column('backbone weights', max_width=11)
    for facts in found:
        table.add_row(f'[bold]{facts.name}[/]\n[dim]{facts.about}[/]', facts.input_size,
                      f'{facts.parameters:.1f} M', facts.published, origin(facts.pretrained))
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    console.print(table)
    console.print(f'Files: {shipped_folder("configs")}. Trained detectors: fcos-mm '
                  f'models.\nTo train one: fcos-mm train {found[0].name}', soft_wrap=True)


def origin(address: str) -> str:
    """How the weights that a training starts from can be had."""
    if not address:
        return 'none'
    return 'by pip' if address.startswith('pip://') else 'by download'
