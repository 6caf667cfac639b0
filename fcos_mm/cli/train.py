"""``tools/train.py``: training a detector."""
import argparse

from fcos_mm.cli.options import add_config, add_run_options, run_of

_EXAMPLES = '''examples:
  tools/train.py configs/demo/fcos_csp-w25_fpn_shapes.py
  tools/train.py configs/demo/fcos_csp-w25_fpn_shapes.py --resume
On SIGTERM and SIGUSR1 training saves a checkpoint and exits with status 75.'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description, parser.epilog = 'Train a detector', _EXAMPLES
    add_config(parser)
    parser.add_argument('--amp', action='store_true', help='train in mixed precision (GPU)')
    parser.add_argument('--auto-scale-lr', action='store_true',
                        help='scale the learning rate to the batch size of all processes')
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='resume from a checkpoint; alone: from the newest intact one in the '
                        'work dir, or start from the beginning where there is none')
    parser.add_argument('--load-from', metavar='CHECKPOINT',
                        help='start from the weights of a checkpoint; of a classifier of other '
                        'classes the rows of those with the same name are kept')
    parser.add_argument('--overwrite', action='store_true',
                        help='remove the checkpoints of an earlier run in the work dir and start '
                        'from the beginning')
    parser.add_argument('--skip-data-check', action='store_true',
                        help='do not check annotations and images first')
    add_run_options(parser)


run = run_of('fcos_mm.apis.train')
