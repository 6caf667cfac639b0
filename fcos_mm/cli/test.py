"""``fcos-mm test``: test a detector."""
import argparse

from fcos_mm.cli.options import add_config, add_precision, add_run_options, run_of

_EXAMPLES = '''examples:
  %(prog)s work_dirs/mine
  %(prog)s my_config.py work_dirs/my_config/epoch_12.pth
  %(prog)s work_dirs/mine model.onnx'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description, parser.epilog = 'Test a detector', _EXAMPLES
    add_config(parser, 'a work dir, checkpoint or config: a path, or fcos_mm::<path> for a '
               'shipped config; or a published model (see the command models)')
    parser.add_argument('checkpoint', nargs='?', help='the weights to test, if CONFIG is a config; '
                        'or an exported model, tested on the data of CONFIG')
    parser.add_argument('--out', metavar='FILE.pkl', help='write the predictions to a pickle file')
    parser.add_argument('--show', action='store_true', help='show the predictions in a window')
    parser.add_argument('--show-dir', metavar='DIR',
                        help='write images with predictions to this folder in the work dir')
    parser.add_argument('--wait-time', type=float, default=2, metavar='SECONDS',
                        help='how long --show displays each image')
    parser.add_argument('--fast', action='store_true', help='test the optimised network that '
                        'detect uses: faster, and equal up to rounding (docs/speed.md)')
    add_precision(parser)
    parser.add_argument('--tta', action='store_true', help='use test-time augmentation')
    add_run_options(parser)


run = run_of('fcos_mm.apis.test')
