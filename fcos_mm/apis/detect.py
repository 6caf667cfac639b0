"""Detecting with a model that PyTorch runs, or in shards: what ``fcos-mm detect`` does."""
import argparse

from fcos_mm.apis.console import start_log
from fcos_mm.apis.detection.opening import find_network, open_network
from fcos_mm.apis.named_inputs import check_order, ending_kind
from fcos_mm.apis.sharding.pictures import ShardInputs
from fcos_mm.apis.sharding.run import detect_in_shards
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.detection.inputs import Inputs
from fcos_mm.detection.log import library_output_to
from fcos_mm.detection.run import announce, detect, prepare_output
from fcos_mm.errors import UserError
from fcos_mm.runtime.thresholds import check_score_threshold
from fcos_mm.speed.precision import check_precision


def run(args: argparse.Namespace) -> int:
    """Detect objects in images and videos.

    Returns:
        As :func:`fcos_mm.detection.run.detect`.

    Raises:
        UserError: If input or model cannot be used, or results cannot be written.
    """
    words, model, weights = _words(args)
    if args.score_thr != 'auto':
        check_score_threshold(args.score_thr)
    trust_checkpoints(args.trust_checkpoint)
    inputs = (Inputs if args.shards is None else ShardInputs)(words, leave_out=args.out_dir)
    # With --shards it is a device of the workers' machines.
    found = find_network(model, weights, args.cfg_options,
                         args.device if args.shards is None else None)
    log = prepare_output(args, start_log)
    if args.shards is not None:
        return detect_in_shards(args, inputs, found)
    with library_output_to(log):
        network = open_network(found, device=args.device, score_thr=args.score_thr,
                               classes=args.classes, tiles=args.tiles, precision=args.precision)
    announce(found.note, network)
    if slow := check_precision(args.precision, network.device):
        print(f'warning    {slow}')
    return detect(args, network, inputs, log)


def _words(args: argparse.Namespace) -> tuple[list[str], str, str | None]:
    """Inputs, model and weights; without --model the last two words are config and checkpoint."""
    if args.model is not None:
        return args.input, args.model, args.weights
    if len(args.input) > 1 and ending_kind(args.input[-1]) == 'exported model':
        raise UserError(f'Give an exported model by --model: --model {args.input[-1]}')
    if args.weights is None and any(map(ending_kind, args.input[-3:])) and len(args.input) > 2:
        *words, config, checkpoint = args.input
        check_order(input=words[-1], config=config, checkpoint=checkpoint)
        return words, config, checkpoint
    raise UserError('No model given. Give a work dir or a checkpoint, --model work_dirs/mine, or a '
                    'config and its weights, --model CONFIG --weights CHECKPOINT.')
