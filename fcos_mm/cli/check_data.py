"""``fcos-mm check-data``: show what is in your data, and what is wrong with it."""
import argparse

from fcos_mm.cli.options import add_config_options, run_of

_EPILOG = '''\
These are the checks that train runs before it starts. Data that are not in COCO's format are
converted into a temporary folder; nothing is left behind.

exit status: 0 nothing is wrong, or there are warnings only; 2 the data cannot be trained on.

examples:
  %(prog)s data/mine
      a folder of COCO, PASCAL VOC, LabelImg, Roboflow or YOLO data
  %(prog)s my_config.py
      the training and validation data of a config'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Show what data hold and check them.'
    parser.epilog = _EPILOG
    parser.add_argument('config', metavar='CONFIG_OR_DATA',
                        help="a config, or the data: a folder or YOLO's data.yaml")
    parser.add_argument('--classes', nargs='+', metavar='NAME',
                        help='of a folder: the classes that count (default: all)')
    add_config_options(parser)


run = run_of('fcos_mm.apis.check_data')
