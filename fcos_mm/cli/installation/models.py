"""``fcos-mm models``: list the published detectors, and download them."""
import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from fnmatch import fnmatch

from fcos_mm.checkpoints.zoo.cache import (
    cache_folder,
    converted_file,
    file_of,
    read_record,
    state_of,
)
from fcos_mm.checkpoints.zoo.table import ZooModel, find_zoo_model, zoo_models, zoo_names
from fcos_mm.cli.options import add_offline_option, add_trust_option
from fcos_mm.config.nearest import did_you_mean
from fcos_mm.errors import UserError

_WIDE = 150  # columns
_EPILOG = '''\
A name works wherever a command takes a model: detect, test, export, report, train --load-from, and
fcos_mm.load in Python. On its first use the file is downloaded from its publisher, checked,
converted and kept. AP is the published figure.

FCOS_MM_CACHE names the folder of the files (default: ~/.cache/fcos_mm). FCOS_MM_OFFLINE=1 forbids
downloads.

examples:
  %(prog)s
  %(prog)s r50
      models with r50 in the name or description
  %(prog)s --download fcos_r50_coco fcos_rt_dla34_coco
      download now what is needed later without network
  %(prog)s --config fcos_r50_coco > base.py
      for _base_ = './base.py' in a config of yours, trained with --load-from fcos_r50_coco
  %(prog)s --where fcos_r50_coco
      the file to copy to a machine without network, and its place there'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'List the detectors that others publish, and download them.'
    parser.epilog = _EPILOG
    parser.add_argument('pattern', nargs='?', default='',
                        help='part of the name, source or description, or a pattern with * and ?')
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')
    act = parser.add_mutually_exclusive_group()
    act.add_argument('--download', nargs='+', metavar='NAME',
                     help='download and convert these models, as far as they are not there yet')
    act.add_argument('--where', nargs='*', metavar='NAME',
                     help='print the folder of the files, or address and place of each model')
    act.add_argument('--config', dest='config_of', metavar='NAME',
                     help='print the config of a model, for a config that inherits from it')
    add_offline_option(parser)
    add_trust_option(parser)


def run(args: argparse.Namespace) -> int:
    """List published models, download some, or say where they are.

    Returns:
        0; 2 if one of several downloads failed.

    Raises:
        UserError: If there is no such model, or it cannot be downloaded.
    """
    act = args.download or args.where is not None or args.config_of
    if act and (args.pattern or args.json):
        raise UserError(f'{args.pattern or "--json"} is for the list of models.\nLeave it out, or '
                        '--download, --where and --config.')
    if args.download:
        from fcos_mm.apis.published.models import download_models
        return download_models(args.download, args.trust_checkpoint)
    if args.config_of:
        from fcos_mm.apis.published.models import config_text
        print(config_text(args.config_of, args.trust_checkpoint))
    elif args.where is not None:
        print('\n'.join(places(args.where)))
    else:
        _list(args)
    return 0


def fits(model: ZooModel, pattern: str) -> bool:
    """Whether a model's names, source or description have or match a pattern, ignoring case."""
    wanted = pattern.lower()
    return any(wanted in text.lower() or fnmatch(text.lower(), wanted) for text in (
        model.name, *model.aliases, model.source, model.about))


def places(names: Sequence[str]) -> list[str]:
    """Lines on address, checksum and place of each model; without names the folder of all."""
    if not names:
        return [str(cache_folder())]
    lines = []
    for model in map(find_zoo_model, names):
        lines += [model.name, f'  address    {model.address}', f'  file       {file_of(model)}',
                  f'  SHA-256    {_known_checksum(model)}',
                  f'  cached     {state_of(model) or "no"}']
        if state_of(model) == 'ready':
            lines.append(f'  converted  {converted_file(model)}')
    return lines


def print_table(found: Sequence[ZooModel]) -> None:
    """Print one row a model: as wide as the terminal, or wide where the output is no terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column('model', overflow='fold')
    table.add_column('AP', justify='right')
    table.add_column('on')
    table.add_column('size', justify='right', no_wrap=True)
    table.add_column('source and licence')
    table.add_column('cached')
    for model in found:
        names = ' = '.join(['', *model.aliases])
        table.add_row(f'[bold]{model.name}[/]{names}\n[dim]{model.about}[/]', f'{model.ap:.1f}',
                      model.split, _size(model), f'{model.source}\n[dim]{model.license}[/]',
                      state_of(model) or '-')
    example = next((model for model in found if model.aliases), found[0])
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    console.print(table)
    console.print('AP is the published figure. Size: M parameters, or MB of the file.\n'
                  f'To use one: fcos-mm detect PICTURES --model {example.short_name}',
                  soft_wrap=True)


def _list(args: argparse.Namespace) -> None:
    found = [model for model in zoo_models() if fits(model, args.pattern)]
    if not found:
        raise UserError(f'No published model matches {args.pattern!r}.'
                        f'{did_you_mean(args.pattern, zoo_names())}\n'
                        '`fcos-mm models` lists them all.')
    if args.json:
        print(json.dumps([{**asdict(model), 'cached': state_of(model)} for model in found],
                         indent=2))
    else:
        print_table(found)


def _size(model: ZooModel) -> str:
    record = read_record(file_of(model))
    size = record.size / 1e6 if record else model.file_size
    if size:
        return f'{size:,.1f} MB'
    return f'{model.parameters:.1f} M' if model.parameters else '-'


def _known_checksum(model: ZooModel) -> str:
    record = read_record(file_of(model))
    if record is not None:
        return f'{record.sha256} (of the file in the cache)'
    prefix = model.sha256_prefix
    return f'{prefix}... (published)' if prefix else 'not published; noted at the first download'
