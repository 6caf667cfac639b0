"""Testing a detector: what ``tools/test.py`` does."""
import argparse
from typing import Optional, Sequence

from mmdet.engine.hooks.utils import trigger_visualization_hook
from mmdet.evaluation import DumpDetResults
from mmdet.utils import setup_cache_size_limit_of_dynamo
from mmengine.config import Config

from fcos_mm.apis.checkpoint import check_checkpoint, read_state_dict
from fcos_mm.apis.cli import add_run_options, parse_run_options
from fcos_mm.apis.runner import build_runner
from fcos_mm.apis.tta import set_tta
from fcos_mm.compat.distributed import prepare_launch
from fcos_mm.compat.trust import trust_checkpoints
from fcos_mm.config import check_config, load_config, set_work_dir
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.errors import UserError


def main(argv: Optional[Sequence[str]] = None) -> dict:
    """Test the detector of a config.

    Args:
        argv: The words of the command line; those of the process if None.

    Returns:
        The figures of the evaluators.

    Raises:
        UserError: If an option, the data or the checkpoint is wrong.
    """
    args = parse_args(argv)
    trust_checkpoints(args.trust_checkpoint)
    cfg = make_config(args)
    check_config(cfg, 'test')
    read_state_dict(args.checkpoint)
    check_config_data(cfg, 'test')
    prepare_launch(cfg, args.launcher)
    setup_cache_size_limit_of_dynamo()
    runner = build_runner(cfg)
    check_checkpoint(args.checkpoint, runner.model)
    if args.out is not None:
        runner.test_evaluator.metrics.append(DumpDetResults(out_file_path=args.out))
    return runner.test()


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Parse the options of ``tools/test.py``.

    Args:
        argv: The words of the command line; those of the process if None.
    """
    parser = argparse.ArgumentParser(description='Test a detector')
    parser.add_argument('config', help='path of a config, or fcos_mm::<path> for a shipped one')
    parser.add_argument('checkpoint', help='the weights to test')
    parser.add_argument('--out', metavar='FILE.pkl', help='write the predictions to a pickle file')
    parser.add_argument('--show', action='store_true', help='show the predictions in a window')
    parser.add_argument('--show-dir', metavar='DIR',
                        help='write drawn pictures into this folder of the run\'s own')
    parser.add_argument('--wait-time', type=float, default=2, metavar='SECONDS',
                        help='how long --show shows a picture')
    parser.add_argument('--tta', action='store_true', help='test-time augmentation')
    add_run_options(parser)
    return parse_run_options(parser, argv)


def make_config(args: argparse.Namespace) -> Config:
    """Load the config and put the options into it.

    Args:
        args: The options.

    Raises:
        UserError: If an option does not fit the config.
    """
    if args.out is not None and not args.out.endswith(('.pkl', '.pickle')):
        raise UserError(f'--out {args.out}: the name must end with .pkl or .pickle.')
    cfg = load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    cfg.load_from = args.checkpoint
    set_work_dir(cfg, args.work_dir)
    if args.show or args.show_dir:
        if 'visualization' not in cfg.get('default_hooks', {}):
            raise UserError(
                f'--show and --show-dir: {cfg.filename} has no hook that draws. Add '
                'default_hooks.visualization=dict(type="DetVisualizationHook").')
        trigger_visualization_hook(cfg, args)
    if args.tta:
        set_tta(cfg)
    return cfg
