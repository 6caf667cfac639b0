"""What ``fcos-mm detect`` does with any network, and all of it with an exported one."""
import argparse
import logging
import os
import os.path as osp
import sys
from collections.abc import Callable

from fcos_mm.detection.detections_file import OutputError
from fcos_mm.detection.exported import ExportedNetwork, find_exported, refuse_options
from fcos_mm.detection.inputs import Inputs
from fcos_mm.detection.log import file_log, library_output_to
from fcos_mm.detection.outputs import Outputs
from fcos_mm.detection.session import Network, Session
from fcos_mm.detection.summary import INTERRUPTED
from fcos_mm.errors import UserError
from fcos_mm.runtime.thresholds import check_score_threshold


def run(args: argparse.Namespace) -> int:
    """Detect objects in images and videos with an exported model.

    Returns:
        As :func:`detect`.

    Raises:
        UserError: If input or model cannot be used, or results cannot be written.
    """
    if args.score_thr != 'auto':
        check_score_threshold(args.score_thr)
    inputs = Inputs(args.input, leave_out=args.out_dir)
    found = find_exported(args.model, args.weights, args.cfg_options)
    refuse_options(found.path, dict(precision=args.precision))
    log = prepare_output(args, file_log)
    with library_output_to(log):
        network = ExportedNetwork(found, device=args.device, score_thr=args.score_thr,
                                  classes=args.classes, tiles=args.tiles)
    announce(found.note, network)
    return detect(args, network, inputs, log)


def announce(note: str, network: Network) -> None:
    """Say on the screen which model and thresholds detect."""
    print(f'model      {note}\nthreshold  {network.thresholds.note}')


def detect(args: argparse.Namespace, network: Network, inputs: Inputs, log: logging.Logger) -> int:
    """Detect in all inputs.

    Writes the drawn images to ``<out-dir>/vis``, all detections to
    ``<out-dir>/detections.json``, which is valid after every image.

    Args:
        args: Of ``fcos-mm detect``.
        network: The detector.
        inputs: Images and videos.
        log: From :func:`prepare_output`; gets what the screen does not show.

    Returns:
        1 if some images failed, 130 after Ctrl-C, else 0.

    Raises:
        UserError: If results cannot be written.
    """
    outputs = Outputs(out_dir=args.out_dir, json_file=args.save_json, draw=args.draw,
                      crops=args.save_crops, table=args.save_csv)
    session = Session(network=network, inputs=inputs, outputs=outputs, screen=sys.stdout, log=log,
                      batch_size=args.batch_size)
    status = 0
    with outputs:
        try:
            with library_output_to(log):
                session.detect_all()
        except KeyboardInterrupt:
            print('\nstopped by Ctrl-C; the detections so far are kept')
            status = INTERRUPTED
        except OutputError:
            session.summarize()
            raise
    session.summarize()
    return status or int(bool(session.failures))


def prepare_output(args: argparse.Namespace, start_log: Callable[[str], logging.Logger]
                   ) -> logging.Logger:
    """Make the folders of the results, and the log.

    Args:
        args: Of ``fcos-mm detect``.
        start_log: Makes a logger that writes to a new file.

    Raises:
        UserError: If nothing can be written there.
    """
    if hasattr(sys.stdout, 'reconfigure'):
        sys.stdout.reconfigure(errors='backslashreplace')  # names of files in any script
    try:
        if not osp.exists(args.out_dir):
            os.makedirs(args.out_dir)
        log = start_log(osp.join(args.out_dir, 'detect.log'))
    except OSError as error:
        raise UserError(f'--out-dir {args.out_dir} cannot be written to: {error.strerror}.\n'
                        'Name a folder that you can write to.') from error
    _prepare_json(args.save_json)
    return log


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
