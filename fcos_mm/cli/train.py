"""``fcos-mm train``: train a detector, from a config or on your own data."""
import argparse
from importlib import import_module

from fcos_mm.cli.data_options import add_data_options, check_data_options
from fcos_mm.cli.options import add_run_options

_EXAMPLES = '''examples:
  %(prog)s --data PATH/TO/DATA
      chooses all settings; --time 30m limits the duration, --resume continues an interrupted run
  %(prog)s my_config.py
  %(prog)s fcos_r50-caffe_fpn_gn-head_1x_coco
      a shipped config by its name; `fcos-mm configs` lists them
  %(prog)s my_config.py --resume
  %(prog)s my_config.py --log tensorboard
On SIGTERM and SIGUSR1 training saves a checkpoint and exits with status 75.'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description, parser.epilog = 'Train a detector', _EXAMPLES
    parser.add_argument('config', nargs='?', help='path of a config, or the name of a shipped one '
                        '(`fcos-mm configs` lists them)')
    add_data_options(parser)
    parser.add_argument('--amp', action='store_true', help='train in mixed precision: on a GPU, or '
                        'in bfloat16 on a CPU, where it gains with amx_bf16 or avx512_bf16')
    parser.add_argument('--auto-scale-lr', action='store_true',
                        help='scale the learning rate to the batch size of all processes')
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CHECKPOINT',
                        help='resume from a checkpoint; without a value, from the newest intact '
                        'one in the work dir, or start from scratch if there is none')
    parser.add_argument('--load-from', metavar='CHECKPOINT',
                        help='start from the weights of a checkpoint or a published model (see '
                        'the command models); if its classes differ, the classifier keeps the '
                        'weights of classes with the same name')
    parser.add_argument('--overwrite', action='store_true',
                        help='remove the checkpoints of an earlier run in the work dir and start '
                        'from scratch')
    parser.add_argument('--log', metavar='NAME[,NAME]',
                        help='log curves to tensorboard, wandb or both')
    parser.add_argument('--skip-data-check', action='store_true',
                        help='do not check the annotations and images before training')
    parser.add_argument('--no-report', action='store_true',
                        help='do not write report/report.html at the end')
    add_run_options(parser)


def run(args: argparse.Namespace) -> None:
    """Train.

    Raises:
        UserError: If an option, the config, the data or a checkpoint is wrong.
    """
    check_data_options(args)
    import_module('fcos_mm.apis.train_data' if args.data else 'fcos_mm.apis.train').run(args)
