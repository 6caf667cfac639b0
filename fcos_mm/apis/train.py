"""Training a detector: what ``tools/train.py`` does."""
import argparse
from collections.abc import Sequence

from mmdet.utils import setup_cache_size_limit_of_dynamo
from mmengine.config import Config
from mmengine.device import get_device

from fcos_mm.apis.runner import build_runner
from fcos_mm.checkpoints.fit import check_checkpoint, read_state_dict
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.cli import parse
from fcos_mm.cli import train as command
from fcos_mm.cli.options import resolve
from fcos_mm.compat.distributed import prepare_launch
from fcos_mm.config import check_config, load_config, set_work_dir
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.engine.resume.resume_point import prepare_resume
from fcos_mm.engine.resume.work_dir import (
    check_work_dir,
    remove_earlier_run,
    resume_after_restart,
)
from fcos_mm.errors import UserError


def main(argv: Sequence[str] | None = None) -> None:
    """Train the detector of a config; see :func:`run`.

    Args:
        argv: The words of the command line; those of the process if None.
    """
    run(parse_args(argv))


def run(args: argparse.Namespace) -> None:
    """Train the detector of a config.

    Args:
        args: The options.

    Raises:
        UserError: If an option, the data or a checkpoint is wrong.
    """
    trust_checkpoints(args.trust_checkpoint)
    cfg = make_config(args)
    check_work_dir(cfg, args.overwrite)
    check_config(cfg, 'train')
    if not args.skip_data_check:
        check_config_data(cfg, 'train')
    prepare_launch(cfg, args.launcher)
    setup_cache_size_limit_of_dynamo()
    resume_after_restart(cfg)
    notes = prepare_resume(cfg) if cfg.resume else []
    runner = build_runner(cfg)
    for note in notes:
        runner.logger.warning(note)
    if cfg.resume:
        check_checkpoint(cfg.load_from, runner.model)
    if args.overwrite:
        remove_earlier_run(cfg)
    runner.train()


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the options of ``tools/train.py``.

    Args:
        argv: The words of the command line; those of the process if None.
    """
    return resolve(parse(command, argv))


def make_config(args: argparse.Namespace) -> Config:
    """Load the config and put the options into it.

    Args:
        args: The options.

    Raises:
        UserError: If an option does not fit the config or the machine.
    """
    cfg = load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    set_work_dir(cfg, args.work_dir)
    if args.amp:
        _set_amp(cfg)
    if args.auto_scale_lr:
        _set_auto_scale_lr(cfg)
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
    cfg.setdefault('resume', False)
    cfg.setdefault('load_from', None)
    if cfg.load_from is not None:
        read_state_dict(cfg.load_from)
    return cfg


def _set_amp(cfg: Config) -> None:
    if get_device() == 'cpu':
        raise UserError('--amp needs a GPU and none was found: leave it out to train on the CPU.')
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


def _set_auto_scale_lr(cfg: Config) -> None:
    if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
        raise UserError(
            f'--auto-scale-lr: {cfg.filename} does not say for which batch size its learning '
            'rate is. Add auto_scale_lr=dict(enable=False, base_batch_size=16), or the like.')
    cfg.auto_scale_lr.enable = True
