"""Training a detector: what ``tools/train.py`` does."""
import argparse

from mmengine.runner import Runner

from fcos_mm.apis.reporting.report import report_after_training
from fcos_mm.apis.resolve import resolve
from fcos_mm.apis.runner import build_runner
from fcos_mm.checkpoints.fit import check_checkpoint
from fcos_mm.compat.distributed import prepare_launch
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.engine.resume.work_dir import note_start, remove_earlier_run


def run(args: argparse.Namespace) -> None:
    """Train the detector of a config and report on it; errors as for :func:`train`."""
    runner = train(args)
    if not args.no_report:
        report_after_training(runner)


def train(args: argparse.Namespace) -> Runner:
    """Train the detector of a config, and return the runner that has done it.

    Raises:
        UserError: If an option, the config, the data or a checkpoint is wrong.
    """
    cfg, warnings = resolve(args, 'train')
    if not args.skip_data_check:
        check_config_data(cfg, 'train')
    prepare_launch(cfg, args.launcher)
    note_start(cfg)
    runner = build_runner(cfg)
    for warning in warnings:
        runner.logger.warning(warning)
    if cfg.resume:
        check_checkpoint(cfg.load_from, runner.model, 'to start from its weights, use '
                         '--load-from without --resume.')
    if args.overwrite:
        remove_earlier_run(cfg)
    runner.train()
    return runner
