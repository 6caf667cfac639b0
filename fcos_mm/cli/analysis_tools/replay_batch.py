"""``fcos-mm replay-batch``: replay a training batch with a non-finite loss."""
import argparse

from fcos_mm.cli.options import add_trust_option, run_of

_EPILOG = """example:
  %(prog)s work_dirs/fcos/non_finite/iteration_120_rank_0.pth

Training writes such a file when a loss or its gradient is NaN or infinite. It
stores the augmented batch, the weights before the step and the config."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Replay a training batch whose loss or gradient was not finite'
    parser.epilog = _EPILOG
    parser.add_argument('record', help='a file in <work_dir>/non_finite/')
    parser.add_argument('--device', default='cpu', help='where to run it, e.g. cuda (default: cpu)')
    add_trust_option(parser)


run = run_of('fcos_mm.apis.replay')
