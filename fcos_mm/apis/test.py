"""Testing a detector: what ``tools/test.py`` does."""
import argparse

from mmdet.evaluation import DumpDetResults

from fcos_mm.apis.named_inputs import check_order
from fcos_mm.apis.resolve import resolve
from fcos_mm.apis.runner import build_runner
from fcos_mm.checkpoints.fit import check_checkpoint, read_state_dict
from fcos_mm.compat.distributed import prepare_launch
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.errors import UserError
from fcos_mm.evaluation import CocoMetric


def run(args: argparse.Namespace) -> dict:
    """Test the detector of a config and return the metrics by name.

    Raises:
        UserError: If an option, the config, the data or the checkpoint is wrong.
    """
    if args.out is not None and not args.out.endswith(('.pkl', '.pickle')):
        raise UserError(f'--out {args.out}: the name must end with .pkl or .pickle.')
    check_order(config=args.config, checkpoint=args.checkpoint)
    cfg, _ = resolve(args, 'test')
    read_state_dict(args.checkpoint)
    check_config_data(cfg, 'test')
    prepare_launch(cfg, args.launcher)
    runner = build_runner(cfg)
    check_checkpoint(args.checkpoint, runner.model)
    if args.out is not None:
        runner.test_evaluator.metrics.append(DumpDetResults(out_file_path=args.out))
    metrics = runner.test()
    for metric in runner.test_evaluator.metrics:
        if isinstance(metric, CocoMetric) and metric.threshold_table:
            runner.logger.info(f'Best F1 at IoU 0.5:\n{metric.threshold_table}')
    return metrics
