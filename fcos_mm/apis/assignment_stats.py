"""Which boxes can be answered for: ``tools/analysis_tools/assignment_stats.py``."""
import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from fcos_mm.analysis.anchor_recall import anchor_recall
from fcos_mm.analysis.assignment_report import report
from fcos_mm.analysis.assignment_stats import assignment_statistics
from fcos_mm.cli import assignment_stats as command
from fcos_mm.cli import parse
from fcos_mm.cli.options import resolve
from fcos_mm.config import load_config
from fcos_mm.errors import UserError


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the options of ``tools/analysis_tools/assignment_stats.py``.

    Args:
        argv: The words of the command line; those of the process if None.
    """
    return resolve(parse(command, argv))


def main(argv: Sequence[str] | None = None) -> None:
    """Print and write the statistics that the command line asks for; see :func:`run`.

    Args:
        argv: The words of the command line; those of the process if None.
    """
    run(parse_args(argv))


def run(args: argparse.Namespace) -> None:
    """Print and write the statistics that the command line asks for.

    Args:
        args: The options.

    Raises:
        UserError: If the config or the annotations cannot be used.
    """
    if args.scale and min(args.scale) < 1:
        raise UserError(f'--scale {args.scale} must be positive.')
    cfg = load_config(args.config, args.cfg_options)
    options = dict(scale=args.scale and tuple(args.scale), as_published=args.as_published)
    statistics = dict(config=args.config, **options,
                      **assignment_statistics(cfg, args.ann_file, **options))
    for warning in statistics['warnings']:
        print(f'warning: {warning}')
    print(report(statistics))
    if args.low_quality_matches:
        recall = anchor_recall(cfg, args.ann_file, **options)
        statistics['low_quality_matches'] = recall
        print('\nbest possible recall by the low-quality matches that count:')
        for rule, value in recall.items():
            print(f'{rule:>8}  {value:.2f} %')
    if args.out:
        _write(args.out, statistics)


def _write(path: str, statistics: dict) -> None:
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(statistics, indent=1), encoding='utf-8')
    except OSError as error:
        raise UserError(f'{path} cannot be written: {error}\nGive another --out.') from error
    print(f'\n{path}')
