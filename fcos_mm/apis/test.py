"""Testing a detector: what ``fcos-mm test`` does."""
import argparse

from mmdet.evaluation import DumpDetResults

from fcos_mm.apis.named_inputs import check_order
from fcos_mm.apis.resolve import resolve
from fcos_mm.apis.runner import build_runner
from fcos_mm.apis.trained_model import find_model
from fcos_mm.checkpoints.fit import check_checkpoint, read_state_dict
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
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
    cfg = note = None
    if args.checkpoint is not None:
        check_order(config=args.config, checkpoint=args.checkpoint)
    else:
        trust_checkpoints(args.trust_checkpoint)
        cfg, args.checkpoint, note = find_model(args.config, options=args.cfg_options)
    cfg, _ = resolve(args, 'test', cfg)
    read_state_dict(args.checkpoint)
    check_config_data(cfg, 'test')
    prepare_launch(cfg, args.launcher)
    runner = build_runner(cfg)
    if note is not None:
        runner.logger.info(f'model       {note}')
    check_checkpoint(args.checkpoint, runner.model)
    if args.out is not None:
        runner.test_evaluator.metrics.append(DumpDetResults(out_file_path=args.out))
    metrics = runner.test()
    for metric in runner.test_evaluator.metrics:
        if isinstance(metric, CocoMetric) and metric.threshold_table:
            runner.logger.info(f'Best F1 at IoU 0.5:\n{metric.threshold_table}')
    return metrics
