"""What ``fcos-mm models`` does."""
import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from fnmatch import fnmatch

from fcos_mm.apis.published.weights import converted_file, published_checkpoint
from fcos_mm.checkpoints.zoo.cache import cache_folder, file_of, read_record
from fcos_mm.checkpoints.zoo.table import ZooModel, find_zoo_model, zoo_models, zoo_names
from fcos_mm.config.nearest import did_you_mean
from fcos_mm.errors import UserError

_WIDE = 150  # columns


def run(args: argparse.Namespace) -> int:
    """List published detectors, or download some, or say where they are.

    Returns:
        0; 2 if one of several downloads failed.

    Raises:
        UserError: If there is no such model, or it cannot be downloaded.
    """
    if (args.download or args.where) and (args.pattern or args.json):
        raise UserError(f'{args.pattern or "--json"} selects what is listed, and '
                        f'--{"download" if args.download else "where"} takes names: give one of '
                        'them.')
    if args.download:
        return _download(args.download, args.trust_checkpoint)
    if args.where is not None:
        print('\n'.join(_where(args.where)))
        return 0
    found = [model for model in zoo_models() if fits(model, args.pattern)]
    if not found:
        raise UserError(f'No published model matches {args.pattern!r}.'
                        f'{did_you_mean(args.pattern, zoo_names())}\n'
                        '`fcos-mm models` lists them all.')
    if args.json:
        print(json.dumps([{**asdict(model), 'cached': state(model)} for model in found], indent=2))
    else:
        print_table(found)
    return 0


def fits(model: ZooModel, pattern: str) -> bool:
    """Whether a model's names, source or description have or match a pattern, ignoring case."""
    wanted = pattern.lower()
    return any(wanted in text.lower() or fnmatch(text.lower(), wanted) for text in (
        model.name, *model.aliases, model.source, model.about))


def state(model: ZooModel) -> str:
    """What of a model is in the cache: ``'ready'``, ``'downloaded'`` or ``''``."""
    ready = converted_file(model)
    if ready is not None and ready.is_file():
        return 'ready'
    return 'downloaded' if file_of(model).is_file() else ''


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
                      state(model) or '-')
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    console.print(table)
    example = next((model for model in found if model.aliases), found[0])
    console.print('AP is the published figure. Size: M parameters, or MB of the file.\n'
                  f'To use one: fcos-mm detect PICTURES --model {example.short_name}',
                  soft_wrap=True)


def _size(model: ZooModel) -> str:
    record = read_record(file_of(model))
    size = record.size / 1e6 if record else model.file_size
    if size:
        return f'{size:,.0f} MB'
    return f'{model.parameters:.1f} M' if model.parameters else '-'


def _download(names: Sequence[str], trusted: bool) -> int:
    """Download each model; one that fails does not keep the others from being downloaded."""
    from fcos_mm.checkpoints.safe_loading import trust_checkpoints
    trust_checkpoints(trusted)
    status = 0
    for model in [find_zoo_model(name) for name in names]:
        try:
            print(f'{model.name}  {published_checkpoint(model.name)}', flush=True)
        except UserError as error:
            if len(names) == 1:
                raise
            print(f'error: {error}', file=sys.stderr)
            status = 2
    return status


def _where(names: Sequence[str]) -> list[str]:
    if not names:
        return [str(cache_folder())]
    lines = []
    for model in map(find_zoo_model, names):
        lines += [model.name, f'  address    {model.address}', f'  file       {file_of(model)}',
                  f'  SHA-256    {_known_checksum(model)}',
                  f'  cached     {state(model) or "no"}']
        ready = converted_file(model)
        if ready is not None and ready.is_file():
            lines.append(f'  converted  {ready}')
    return lines


def _known_checksum(model: ZooModel) -> str:
    record = read_record(file_of(model))
    if record is not None:
        return f'{record.sha256} (of the file in the cache)'
    prefix = model.sha256_prefix
    return f'{prefix}... (published)' if prefix else 'not published; noted at the first download'
