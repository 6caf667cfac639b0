"""The report of a detector: what ``fcos-mm report`` does, and ``train`` at its end."""
import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import get_world_size, is_main_process
from mmengine.runner import Runner

from fcos_mm.apis.published.weights import results_folder
from fcos_mm.apis.reporting.collecting import collect_inputs
from fcos_mm.apis.reporting.comparing import write_comparison
from fcos_mm.apis.trained_model import checkpoint_of, find_model
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.errors import UserError, first_line
from fcos_mm.faults import counted
from fcos_mm.report.build import build_report

_FOLDER, _NAME = 'report', 'report.html'
_SAYS = 'report        {}: open it in a browser'


def run(args: argparse.Namespace) -> None:
    """Write the report of a detector, and print where it is.

    Raises:
        UserError: If an option, the model or its data cannot be used.
    """
    trust_checkpoints(args.trust_checkpoint)
    if args.out is not None and Path(args.out).suffix != '.html':
        raise UserError(f'--out {args.out}: the name must end with .html.')
    if args.compare is not None:
        _check_alone(args)
        print(_SAYS.format(write_comparison(*args.compare, args.out)))
        return
    if args.model is None:
        raise UserError('The model is missing.\nGive the work dir of a training, a checkpoint or a '
                        'config, or two reports: --compare A B.')
    cfg, checkpoint, note = find_model(args.model, args.checkpoint, args.cfg_options)
    print(f'model         {note}')
    path = write_report(cfg, checkpoint, args.out, split=args.split,
                        predictions=args.predictions, again=args.again)
    print(_SAYS.format(path))


def _check_alone(args: argparse.Namespace) -> None:
    """Raise a UserError if ``--compare`` comes with an option that it does not have."""
    given = {args.model: args.model, '--split': args.split, '--predictions': args.predictions,
             '--again': args.again, '--cfg-options': args.cfg_options}
    extra = [name for name, value in given.items() if value]
    if extra:
        raise UserError(f'{extra[0]} does not work with --compare, which reads two existing '
                        'reports.\nLeave it out.')


def write_report(cfg: Config, checkpoint: str, out: str | None = None, *,
                 split: str | None = None, **options) -> Path:
    """Write the report of a model, and return where it is.

    Args:
        cfg: Its config.
        checkpoint: Its weights.
        out: The page; None: in the folder ``report`` beside the checkpoint, or ``report_val`` and
            ``report_test`` if the split is given; of a published model below ``work_dirs``.
        split: ``'val'`` or ``'test'``; None: see :func:`collect_inputs`.
        **options: See :func:`collect_inputs`.

    Raises:
        UserError: If the model or its data cannot be used, or a file cannot be written.
    """
    folder = f'{_FOLDER}_{split}' if split else _FOLDER
    path = Path(out) if out else results_folder(checkpoint) / folder / _NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f'{path.parent} cannot be created: {error.strerror}.\nUse another path: '
                        '--out FILE.html.') from error
    inputs = collect_inputs(cfg, checkpoint, path.parent, split=split, **options)
    _warn_of_lost_images([image.path for image in inputs.results.images])
    print('writing the report ...', flush=True)
    build_report(inputs, path, f'Report on {Path(checkpoint).resolve().parent.name}')
    return path


def _warn_of_lost_images(paths: Sequence[str]) -> None:
    lost = [path for path in paths if not Path(path).exists()]
    if lost:
        print(f'warning: {len(lost):,} of {counted(len(paths), "image")} not found, '
              f'e.g. {lost[0]}: the page shows only their boxes')


def report_after_training(runner: Runner) -> None:
    """Write the report of a training that has ended, and print where it is.

    Whatever fails, the training is done: a warning then says why, and how to make the report.
    Where several processes have trained, only the command is printed: the others would wait.
    """
    if not is_main_process():
        return
    command = f'report with   fcos-mm report {shlex.quote(runner.work_dir)}'
    if get_world_size() > 1:
        print(command)
        return
    try:
        checkpoint, _ = checkpoint_of(Path(runner.work_dir))
        print(_SAYS.format(write_report(runner.cfg, checkpoint)))
    except Exception as error:  # whatever is wrong with the report, the training is done
        print(f'warning: no report was written: {_first_line(error)}\n{command}')


def _first_line(error: Exception) -> str:
    return first_line(error)
