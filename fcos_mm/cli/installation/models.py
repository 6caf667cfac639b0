"""``fcos-mm models``: list the published detectors, and download them."""
import argparse

from fcos_mm.cli.options import add_offline_option, add_trust_option, run_of

_EPILOG = '''\
A name works wherever a command takes a model: detect, test, export, report, train --load-from, and
fcos_mm.load in Python. On its first use the file is downloaded from its publisher, checked,
converted and kept. AP is the published figure.

FCOS_MM_CACHE names the folder of the files (default: ~/.cache/fcos_mm). FCOS_MM_OFFLINE=1 forbids
downloads.

examples:
  %(prog)s
  %(prog)s r50
      models with r50 in the name or description
  %(prog)s --download fcos_r50_coco fcos_rt_dla34_coco
      download now what is needed later without network
  %(prog)s --where fcos_r50_coco
      the file to copy to a machine without network, and its place there'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'List the detectors that others publish, and download them.'
    parser.epilog = _EPILOG
    parser.add_argument('pattern', nargs='?', default='',
                        help='part of the name, source or description, or a pattern with * and ?')
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')
    act = parser.add_mutually_exclusive_group()
    act.add_argument('--download', nargs='+', metavar='NAME',
                     help='download and convert these models, as far as they are not there yet')
    act.add_argument('--where', nargs='*', metavar='NAME',
                     help='print the folder of the files, or address and place of each model')
    add_offline_option(parser)
    add_trust_option(parser)


run = run_of('fcos_mm.apis.published.models')
