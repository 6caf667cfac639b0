"""Training a detector: what ``tools/train.py`` does."""
import argparse
from typing import Optional, Sequence

from mmdet.utils import setup_cache_size_limit_of_dynamo
from mmengine.config import Config
from mmengine.device import get_device

from fcos_mm.apis.checkpoint import check_checkpoint, read_state_dict
from fcos_mm.apis.cli import add_run_options, parse_run_options
from fcos_mm.apis.runner import build_runner
from fcos_mm.compat.distributed import prepare_launch
from fcos_mm.compat.trust import trust_checkpoints
from fcos_mm.config import check_config, load_config, set_work_dir
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.engine.resume.preemption import EXIT_STATUS
from fcos_mm.engine.resume.restart import resume_after_restart
from fcos_mm.engine.resume.resume_point import prepare_resume
from fcos_mm.errors import UserError

_EXAMPLES = f'''examples:
  tools/train.py configs/demo/fcos_csp-w25_fpn_shapes.py
  tools/train.py configs/demo/fcos_csp-w25_fpn_shapes.py --resume
SIGTERM and SIGUSR1 let the training save, stop and exit with status {EXIT_STATUS}.'''


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Train the detector of a config.

    Args:
        argv: The words of the command line; those of the process if None.

    Raises:
        UserError: If an option, the data or a checkpoint is wrong.
    """
    args = parse_args(argv)
    trust_checkpoints(args.trust_checkpoint)
    cfg = make_config(args)
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
    runner.train()


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Parse the options of ``tools/train.py``.

    Args:
        argv: The words of the command line; those of the process if None.
    """
    parser = argparse.ArgumentParser(
        description='Train a detector', epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='path of a config, or fcos_mm::<path> for a shipped one')
    parser.add_argument('--amp', action='store_true', help='train in mixed precision (GPU)')
    parser.add_argument('--auto-scale-lr', action='store_true',
                        help='scale the learning rate to the batch size of all processes')
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='go on from a checkpoint; alone: from the newest whole one in the '
                        'work dir, or from the beginning where there is none')
    parser.add_argument('--skip-data-check', action='store_true',
                        help='do not look for faults in the annotations and images first')
    add_run_options(parser)
    return parse_run_options(parser, argv)


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
