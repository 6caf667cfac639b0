"""``fcos-mm check-data``: show what is in your data, find problems, and fix a copy."""
import argparse

from fcos_mm.cli.options import add_config_options, run_of

_EPILOG = '''\
Prints the number of images and boxes per split and class, the input size the boxes need, and the
problems found: errors (train refuses the data), warnings, and notes (only you can tell whether
something is wrong). The page adds charts and shows the affected images and boxes. Its numbers are
written next to it as JSON.

--fix writes COCO files in which every problem with a single remedy is fixed: boxes are converted to
x, y, width, height in pixels and clipped to the image; boxes that have no area, lie outside the
image or duplicate another box are dropped; image sizes are taken from the files; duplicate or zero
ids are renumbered; images that are missing or unreadable are left out, as are training images that
are copies of validation or test images. The original data are not changed.

exit status: 0 no errors (there may be warnings and notes); 2 the data, or with --fix the fixed
copy, cannot be used for training.

examples:
  %(prog)s data/mine
      a folder of COCO, PASCAL VOC, LabelImg, Roboflow or YOLO data; the page is
      check_data/mine.html
  %(prog)s data/mine --fix data/fixed/mine.json
      writes mine_train.json, mine_val.json, ... there; train with --data data/fixed
  %(prog)s my_config.py
      the training and validation data of a config'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Show what is in your data, find problems, and fix them in a copy.'
    parser.epilog = _EPILOG
    parser.add_argument('config', metavar='CONFIG_OR_DATA',
                        help="a config, or the data: a folder, a COCO file or YOLO's data.yaml")
    parser.add_argument('--classes', nargs='+', metavar='NAME',
                        help='classes to use from a folder (default: all)')
    parser.add_argument('--fix', metavar='OUT.json',
                        help='write fixed COCO files: OUT.json, or for several splits '
                        'OUT_train.json, OUT_val.json, ...')
    page = parser.add_mutually_exclusive_group()
    page.add_argument('--html', metavar='FILE',
                      help='where to write the page (default: check_data/NAME.html)')
    page.add_argument('--no-page', action='store_true', help='do not write a page')
    parser.add_argument('--fast', action='store_true',
                        help='skip opening the images (finds no copies, and only the unreadable '
                        'images and wrong sizes that train checks for) and the input size advice')
    add_config_options(parser)


run = run_of('fcos_mm.apis.check_data')
