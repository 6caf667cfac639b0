"""``fcos-mm train``: train a detector."""
import argparse

from fcos_mm.cli.options import add_config, add_run_options, run_of

_EXAMPLES = '''examples:
  %(prog)s my_config.py
  %(prog)s fcos_r50-caffe_fpn_gn-head_1x_coco
      a shipped config by its name; `fcos-mm configs` lists them
  %(prog)s my_config.py --resume
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
    parser.add_argument('--overwrite', action='store_true',
                        help='remove the checkpoints of an earlier run in the work dir and start '
                        'from the beginning')
    parser.add_argument('--skip-data-check', action='store_true',
                        help='do not check annotations and images first')
    add_run_options(parser)


run = run_of('fcos_mm.apis.train')
