"""The report of a detector: what ``fcos-mm report`` does, and ``train`` at its end."""
import argparse
import copy
import shlex
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.runner import Runner

from fcos_mm.apis.reporting.collecting import collect_inputs
from fcos_mm.apis.trained_model import checkpoint_of, find_model
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.errors import UserError
from fcos_mm.report.build import build_report

_FOLDER, _NAME = 'report', 'report.html'


def run(args: argparse.Namespace) -> None:
    """Write the report of a detector, and print where it is.

    Raises:
        UserError: If an option, the model or its data cannot be used.
    """
    trust_checkpoints(args.trust_checkpoint)
    if args.out is not None and Path(args.out).suffix != '.html':
        raise UserError(f'--out {args.out}: the name must end with .html.')
    cfg, checkpoint, note = find_model(args.model, args.checkpoint, args.cfg_options)
    print(f'model         {note}')
    path = write_report(cfg, checkpoint, args.out, split=args.split,
                        predictions=args.predictions, again=args.again)
    print(f'report        {path}: open it in a browser')


def write_report(cfg: Config, checkpoint: str, out: str | None = None, **options) -> Path:
    """Write the report of a model, and return where it is.

    Args:
        cfg: Its config.
        checkpoint: Its weights.
        out: The page; None: in the folder ``report`` beside the checkpoint.
        **options: See :func:`collect_inputs`.

    Raises:
        UserError: If the model or its data cannot be used, or a file cannot be written.
    """
    path = Path(out) if out else Path(checkpoint).parent / _FOLDER / _NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f'{path.parent} cannot be made: {error.strerror}.\nGive another place: '
                        '--out FILE.html.') from error
    inputs = collect_inputs(cfg, checkpoint, path.parent, **options)
    print('writing the report ...', flush=True)
    build_report(inputs, path, f'Report on {Path(checkpoint).resolve().parent.name}')
    return path


def report_after_training(runner: Runner) -> str:
    """Write the report of a training that has ended; returns a line on it.

    Whatever fails, the training is done: the line then says why, and how to make the report.
    """
    command = f'fcos-mm report {shlex.quote(runner.work_dir)}'
    if get_world_size() > 1:  # the other processes would wait
        return f'report with   {command}'
    cfg = copy.deepcopy(runner.cfg)
    try:
        path = write_report(cfg, checkpoint_of(Path(runner.work_dir))[0])
    except Exception as error:  # the training must not fail with it
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return f'warning: there is no report yet: {reason}\nreport with   {command}'
    return f'report        {path}: open it in a browser'
