"""Detecting objects in images and videos: what ``fcos-mm detect`` does."""
import argparse
import os
import os.path as osp
import sys

from fcos_mm.apis.console import library_output_to_log, start_log
from fcos_mm.apis.detection.detections_file import OutputError
from fcos_mm.apis.detection.inputs import Inputs
from fcos_mm.apis.detection.opening import find_network, open_network
from fcos_mm.apis.detection.outputs import Outputs
from fcos_mm.apis.detection.session import Session
from fcos_mm.apis.detection.summary import INTERRUPTED
from fcos_mm.apis.named_inputs import check_order, ending_kind
from fcos_mm.apis.sharding.pictures import ShardInputs
from fcos_mm.apis.sharding.run import check_options, detect_in_shards
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.errors import UserError
from fcos_mm.runtime.thresholds import check_score_threshold
from fcos_mm.speed.precision import check_precision


def run(args: argparse.Namespace) -> int:
    """Detect objects in images and videos.

    Writes the drawn images to ``<out-dir>/vis``, all detections to
    ``<out-dir>/detections.json``, which is valid after every image, and what
    the screen does not show to ``<out-dir>/detect.log``.

    Returns:
        1 if some images failed, 130 after Ctrl-C, else 0.

    Raises:
        UserError: If input or model cannot be used, or results cannot be written.
    """
    words, model, weights = _words(args)
    if args.score_thr != 'auto':
        check_score_threshold(args.score_thr)
    check_options(args)
    trust_checkpoints(args.trust_checkpoint)
    inputs = (Inputs if args.shards is None else ShardInputs)(words, leave_out=args.out_dir)
    # With --shards it is a device of the workers' machines.
    found = find_network(model, weights, args.cfg_options,
                         args.device if args.shards is None else None)
    _prepare_output(args.out_dir)
    _prepare_json(args.save_json)
    if args.shards is not None:
        return detect_in_shards(args, inputs, found)
    with library_output_to_log():
        network = open_network(found, device=args.device, score_thr=args.score_thr,
                               classes=args.classes, tiles=args.tiles, precision=args.precision)
    print(f'model      {found.note}\nthreshold  {network.thresholds.note}')
    if slow := check_precision(args.precision, network.device):
        print(f'warning    {slow}')
    outputs = Outputs(out_dir=args.out_dir, json_file=args.save_json, draw=args.draw,
                      crops=args.save_crops, table=args.save_csv)
    return _detect(Session(network=network, inputs=inputs, outputs=outputs, screen=sys.stdout,
                           batch_size=args.batch_size))


def _detect(session: Session) -> int:
    status = 0
    with session.outputs:
        try:
            with library_output_to_log():
                session.detect_all()
        except KeyboardInterrupt:
            print('\nstopped by Ctrl-C; the detections so far are kept')
            status = INTERRUPTED
        except OutputError:
            session.summarize()
            raise
    session.summarize()
    return status or int(bool(session.failures))


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


def _prepare_output(out_dir: str) -> None:
    """Make the folder of the results and its log."""
    if hasattr(sys.stdout, 'reconfigure'):
        sys.stdout.reconfigure(errors='backslashreplace')  # names of files in any script
    try:
        if not osp.exists(out_dir):
            os.makedirs(out_dir)
        start_log(osp.join(out_dir, 'detect.log'))
    except OSError as error:
        raise UserError(f'--out-dir {out_dir} cannot be written to: {error.strerror}.\n'
                        'Name a folder that you can write to.') from error


def _prepare_json(path: str | None) -> None:
    """Make the folder of the detections' own file."""
    if path is None:
        return
    if osp.isdir(path):
        raise UserError(f'--save-json {path} is a folder.\nName a file in it: '
                        f'{osp.join(path, "detections.json")}.')
    try:
        os.makedirs(osp.dirname(osp.abspath(path)), exist_ok=True)
    except OSError as error:
        raise UserError(f'--save-json {path} cannot be written to: {error.strerror}.\n'
                        'Name a file in a folder that you can write to.') from error
