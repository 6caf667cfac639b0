"""Make tables and figures: plan, train and test what is not finished, measure, write."""
import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from fcos_mm.datasets.shapes import make_data
from fcos_mm.errors import UserError
from fcos_mm.paper.experiments import EXPERIMENTS
from fcos_mm.paper.figures import write_figure
from fcos_mm.paper.measures import measure_table
from fcos_mm.paper.plan import FROM_ANNOTATIONS, commands, names_at, plan
from fcos_mm.paper.pretraining import make_backbone
from fcos_mm.paper.queue import Queue
from fcos_mm.paper.report import write_report
from fcos_mm.paper.runs import Run, Settings
from fcos_mm.paper.tables import TABLES


def run(args: argparse.Namespace) -> None:
    """Make tables and figures from the options of ``cli/paper.py``.

    Raises:
        UserError: If an option or the data is wrong, or a run failed.
    """
    names = names_at(args.scale) if 'all' in args.names else tuple(dict.fromkeys(args.names))
    settings = make_settings(args)
    _check_writable(settings.out)
    # at full scale Tables 1 and 2 train nothing: it would take days
    works = plan([name for name in names if name not in FROM_ANNOTATIONS or args.scale != 'full'
                  or args.weights], settings)
    if args.plan:
        print('\n'.join(commands(works) or ['Nothing is left to run.']))
        return
    if args.no_train:
        works = [work for work in works if not any(run.is_left for run in work[0].trainings)]
    failures = _do(works, args)
    for name in names:
        try:
            _make(name, settings, args)
        except UserError as error:
            failures.append(f'{name}: {error}')
    if failures:
        raise UserError('\n'.join(failures))


def make_settings(args: argparse.Namespace) -> Settings:
    """Turn the options into settings; a ``UserError`` if ``--weights`` is wrong."""
    return Settings(
        out=Path(args.out or f'work_dirs/paper/{args.scale}'), tools=args.tools, scale=args.scale,
        data_root=args.data_root, ann_file=args.ann_file, options=args.cfg_options or {},
        weights=_weights(args.weights), gpus=args.gpus, seeds=args.seeds)


def _weights(words: Sequence[str]) -> dict[str, str]:
    weights = {}
    for word in words:
        name, _, path = word.partition('=')
        if name not in EXPERIMENTS:
            raise UserError(f'--weights {word}: there is no experiment {name!r}.\n'
                            f'It must be one of {", ".join(EXPERIMENTS)}.')
        if not os.path.isfile(path):
            raise UserError(f'--weights {word}: there is no file {path!r}.')
        weights[name] = path
    return weights


def _do(works: Sequence[Sequence[Run]], args: argparse.Namespace) -> list[str]:
    """Train and test what is left; return a line for each run that failed."""
    if not any(run.is_left for work in works for run in work):
        return []
    to_train = [work[0].experiment for work in works if not work[0].test and work[0].is_left]
    if args.scale == 'full' and to_train and not torch.cuda.is_available():
        raise UserError(
            f'{len(to_train)} trainings on COCO are left ({", ".join(to_train)}) and this machine '
            'has no GPU.\nGive --weights, take --scale tiny or small, or print the commands for '
            'another machine by --plan; --no-train makes the table of what is trained.')
    _check_data(args)
    if to_train:
        make_backbone(works[0][0])
    try:
        return Queue(jobs=args.jobs).run(works)
    except KeyboardInterrupt:
        print('\nStopped. The same command resumes.')
        raise SystemExit(130) from None


def _check_data(args: argparse.Namespace) -> None:
    """Generate the data of ``tiny``; explain where to get that of ``small``."""
    if args.scale == 'tiny':
        if args.data_root and not Path(args.data_root).is_dir():
            raise UserError(
                f'--data-root {args.data_root}: no such folder.\nWithout --data-root the dataset '
                'is generated in data/shapes. To use another folder, create it first.')
        make_data(args.data_root or 'data/shapes')
    root = Path(args.data_root or 'data/bccd')
    if args.scale == 'small' and not (root / 'annotations').is_dir():
        raise UserError(
            f'--scale small trains on BCCD, but there is no {root / "annotations"}.\nGet '
            'github.com/Shenggan/BCCD_Dataset (MIT licence) and run\n  '
            f'fcos-mm voc-to-coco BCCD_Dataset/BCCD --out {root}')


def _check_writable(out: Path) -> None:
    """Create the folder of the tables before anything is measured."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise UserError(f'{out} cannot be written: {error}\nGive another --out.') from error


def _make(name: str, settings: Settings, args: argparse.Namespace) -> None:
    if args.scale != 'full' and name in FROM_ANNOTATIONS and not args.ann_file:
        _check_data(args)
    if name in TABLES:
        table = TABLES[name]
        print(f'\n{write_report(table, *measure_table(table, settings), settings.out / name)}')
    else:
        print(f'\n{write_figure(name, settings, args.image_id)}')
