"""Testing a detector: what ``fcos-mm test`` does."""
import argparse

from mmdet.evaluation import DumpDetResults
from mmengine.runner import Runner

from fcos_mm.apis.detection.exported_test import build_exported_test
from fcos_mm.apis.named_inputs import check_order
from fcos_mm.apis.published.weights import weights_file
from fcos_mm.apis.resolve import resolve
from fcos_mm.apis.runner import build_runner
from fcos_mm.apis.trained_model import find_model
from fcos_mm.checkpoints.fit import check_checkpoint, read_state_dict
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.compat.distributed import prepare_launch
from fcos_mm.datasets.checks import check_config_data
from fcos_mm.detection.exported import is_exported
from fcos_mm.errors import UserError
from fcos_mm.evaluation import CocoMetric


def run(args: argparse.Namespace) -> dict:
    """Test the detector of a config, or an exported one on its data; return the metrics by name.

    Raises:
        UserError: If an option, the config, the data or the checkpoint is wrong.
    """
    if args.out is not None and not args.out.endswith(('.pkl', '.pickle')):
        raise UserError(f'--out {args.out}: the name must end with .pkl or .pickle.')
    exported = _check_places(args.config, args.checkpoint)
    runner = build_exported_test(args) if exported else _build_runner(args)
    if args.out is not None:
        runner.test_evaluator.metrics.append(DumpDetResults(out_file_path=args.out))
    metrics = runner.test()
    for metric in runner.test_evaluator.metrics:
        if isinstance(metric, CocoMetric) and metric.threshold_table:
            runner.logger.info(f'Best F1 at IoU 0.5:\n{metric.threshold_table}')
    return metrics


def _check_places(config: str, checkpoint: str | None) -> bool:
    """Whether an exported model is tested; a UserError if it stands in the wrong place."""
    if is_exported(config):
        data = 'CONFIG' if checkpoint is None else checkpoint
        raise UserError(f'{config} is an exported model: give a config or work dir that says on '
                        f'which data to test it, and then the model.\n'
                        f'fcos-mm test {data} {config}')
    if checkpoint is None:
        return False
    check_order(config=config, checkpoint=checkpoint)
    return is_exported(checkpoint)


def _build_runner(args: argparse.Namespace) -> Runner:
    """The runner of a checkpoint, which fits the model."""
    cfg = note = None
    trust_checkpoints(args.trust_checkpoint)
    if args.checkpoint is None:
        cfg, args.checkpoint, note = find_model(args.config, options=args.cfg_options)
    args.checkpoint = weights_file(args.checkpoint)
    cfg, _ = resolve(args, 'test', cfg)
    read_state_dict(args.checkpoint)
    check_config_data(cfg, 'test')
    prepare_launch(cfg, args.launcher)
    runner = build_runner(cfg)
    if note is not None:
        runner.logger.info(f'model       {note}')
    check_checkpoint(args.checkpoint, runner.model)
    return runner
