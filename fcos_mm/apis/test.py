"""Testing a detector: what ``tools/test.py`` does."""
import argparse
from collections.abc import Sequence

from mmdet.engine.hooks.utils import trigger_visualization_hook
from mmdet.evaluation import DumpDetResults
from mmdet.utils import setup_cache_size_limit_of_dynamo
from mmengine.config import Config

from fcos_mm.apis.named_inputs import check_order
from fcos_mm.apis.runner import build_runner
from fcos_mm.apis.tta import set_tta
from fcos_mm.checkpoints.fit import check_checkpoint, read_state_dict
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.cli import parse
from fcos_mm.cli import test as command
from fcos_mm.cli.options import resolve
from fcos_mm.compat.distributed import prepare_launch
from fcos_mm.config import check_config, load_config, set_work_dir
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.errors import UserError


def main(argv: Sequence[str] | None = None) -> dict:
    """Test the detector of a config; see :func:`run`.

    Args:
        argv: The words of the command line; those of the process if None.
    """
    return run(parse_args(argv))


def run(args: argparse.Namespace) -> dict:
    """Test the detector of a config.

    Args:
        args: The options.

    Returns:
        The figures of the evaluators.

    Raises:
        UserError: If an option, the data or the checkpoint is wrong.
    """
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


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the options of ``tools/test.py``.

    Args:
        argv: The words of the command line; those of the process if None.
    """
    return resolve(parse(command, argv))


def make_config(args: argparse.Namespace) -> Config:
    """Load the config and put the options into it.

    Args:
        args: The options.

    Raises:
        UserError: If an option does not fit the config.
    """
    if args.out is not None and not args.out.endswith(('.pkl', '.pickle')):
        raise UserError(f'--out {args.out}: the name must end with .pkl or .pickle.')
    check_order(config=args.config, checkpoint=args.checkpoint)
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
    if args.fast:
        _set_fast(cfg)
    if args.tta:
        set_tta(cfg)
    return cfg


def _set_fast(cfg: Config) -> None:
    """Make a config test on the copy of the network that detection uses."""
    hooks = cfg.setdefault('default_hooks', {})
    hooks['fast_inference'] = {
        'type': 'fcos_mm.FastInferenceHook', **(hooks.get('fast_inference') or {}), 'enabled': True}
