"""The paper's tables and figures: ``tools/paper.py``."""
import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from fcos_mm.cli import paper as command
from fcos_mm.cli import parse
from fcos_mm.cli.demo import make_data
from fcos_mm.cli.options import resolve
from fcos_mm.errors import UserError
from fcos_mm.paper.experiments import EXPERIMENTS
from fcos_mm.paper.output import write_figure, write_table
from fcos_mm.paper.plan import FROM_ANNOTATIONS, commands, names_at, plan
from fcos_mm.paper.pretraining import make_backbone
from fcos_mm.paper.queue import Queue, Work
from fcos_mm.paper.runs import Settings
from fcos_mm.paper.tables import TABLES


def main(argv: Sequence[str] | None = None, *, tools: Path) -> None:
    """Make tables and figures; see :func:`run`.

    Args:
        argv: The words of the command line; those of the process if None.
        tools: The folder of the tools.
    """
    run(parse_args(argv, tools=tools))


def run(args: argparse.Namespace) -> None:
    """Make tables and figures.

    Args:
        args: The options, and ``tools``, the folder of the tools.

    Raises:
        UserError: If an option or the data is wrong, or a run failed.
    """
    names = names_at(args.scale) if 'all' in args.names else tuple(dict.fromkeys(args.names))
    settings = make_settings(args, args.tools)
    _check_writable(settings.out)
    works = plan([name for name in names if not _without_runs(name, args)], settings, args.seeds)
    if args.plan:
        print('\n'.join(commands(works) or ['Nothing is left to run.']))
        return
    if args.no_train:
        works = [work for work in works if _is_trained(work)]
    failures = do(works, args)
    failures += [problem for name in names for problem in _make(name, settings, args)]
    if failures:
        raise UserError('\n'.join(failures))


def parse_args(argv: Sequence[str] | None = None, **defaults) -> argparse.Namespace:
    """Parse the options of ``tools/paper.py``.

    Args:
        argv: The words of the command line; those of the process if None.
        **defaults: Values that no option sets.
    """
    return resolve(parse(command, argv, **defaults))


def make_settings(args: argparse.Namespace, tools: Path) -> Settings:
    """Put the options into settings.

    Args:
        args: The options.
        tools: The folder of the tools.

    Raises:
        UserError: If ``--weights`` names no experiment or no file.
    """
    return Settings(
        out=Path(args.out or f'work_dirs/paper/{args.scale}'),
        tools=tools,
        scale=args.scale,
        data_root=args.data_root,
        ann_file=args.ann_file,
        options=args.cfg_options or {},
        weights=_weights(args.weights),
        gpus=args.gpus)


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


def _without_runs(name: str, args: argparse.Namespace) -> bool:
    """Tables 1 and 2 train nothing unless the training is a matter of minutes."""
    return name in FROM_ANNOTATIONS and (args.scale == 'full' and not args.weights)


def do(works: Sequence[Work], args: argparse.Namespace) -> list[str]:
    """Train and test what is not finished.

    Args:
        works: The work.
        args: The options.

    Returns:
        A line for each run that failed.

    Raises:
        UserError: If the data is not there, or COCO was to be trained on a CPU.
    """
    left = [work for work in works if work.runs]
    if not left:
        return []
    to_train = [work.training.experiment for work in left if not _is_trained(work)]
    if args.scale == 'full' and to_train and not torch.cuda.is_available():
        raise UserError(
            f'{len(to_train)} trainings on COCO are left ({", ".join(to_train)}) and this machine '
            'has no GPU.\nGive --weights, take --scale tiny or small, or print the commands for '
            'another machine by --plan; --no-train makes the table of what is trained.')
    _check_data(args)
    if to_train:
        make_backbone(left[0].training)
    try:
        return Queue(jobs=args.jobs).run(left)
    except KeyboardInterrupt:
        print('\nStopped. The same command goes on from here.')
        raise SystemExit(130) from None


def _is_trained(work: Work) -> bool:
    return not work.training.is_left


def _check_data(args: argparse.Namespace) -> None:
    """Write the generated data; say where the other comes from."""
    if args.scale == 'tiny':
        if args.data_root and not Path(args.data_root).is_dir():
            raise UserError(
                f'--data-root {args.data_root}: there is no such folder.\nWithout --data-root the '
                'dataset is generated in data/shapes; to have it elsewhere, make the folder first.')
        make_data(args.data_root or 'data/shapes')
    root = Path(args.data_root or 'data/bccd')
    if args.scale == 'small' and not (root / 'annotations').is_dir():
        raise UserError(
            f'--scale small is trained on BCCD, and there is no {root / "annotations"}.\nGet '
            'github.com/Shenggan/BCCD_Dataset (MIT licence) and run\n  python '
            f'tools/dataset_converters/voc_to_coco.py BCCD_Dataset/BCCD --out {root}')


def _check_writable(out: Path) -> None:
    """Make the folder of the tables, before anything is measured for them."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise UserError(f'{out} cannot be written: {error}\nGive another --out.') from error


def _make(name: str, settings: Settings, args: argparse.Namespace) -> list[str]:
    """Write one table or figure and show it; return a line if that was not possible."""
    try:
        if args.scale != 'full' and name in FROM_ANNOTATIONS and not args.ann_file:
            _check_data(args)
        if name in TABLES:
            print(f'\n{write_table(name, settings, args.seeds)}')
        else:
            print(f'\n{write_figure(name, settings, args.image_id)}')
    except UserError as error:
        return [f'{name}: {error}']
    return []
