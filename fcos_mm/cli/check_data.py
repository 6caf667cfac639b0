"""``fcos-mm check-data``: show what is in your data, find its problems, and fix a copy."""
import argparse

from fcos_mm.cli.options import add_config_options, run_of

_EPILOG = '''\
The command shows the images and boxes of each split and class, the input size that the boxes need,
and the problems: errors, which train refuses; warnings; and notes, which only you can judge. The
page shows the same with charts, and the affected images and boxes. Its numbers are in a JSON file
next to it.

--fix writes COCO files with every problem fixed that has an unambiguous fix. Boxes are clipped to
their image and converted to x, y, width, height in pixels; boxes without area, outside their image
or repeated are dropped. Image sizes are taken from the files. Ids that repeat or are 0 are
renumbered. Images without a readable file are dropped, and so are training images that are copies
of validation or test images. The original data is not changed.

exit status: 0 no errors; 2 the data, or with --fix the fixed copy, has errors and cannot be trained
on.

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
    parser.description = 'Show what is in your data, find its problems, and fix a copy.'
    parser.epilog = _EPILOG
    parser.add_argument('config', metavar='CONFIG_OR_DATA',
                        help="a config, or the data: a folder, a COCO file or YOLO's data.yaml")
    parser.add_argument('--classes', nargs='+', metavar='NAME',
                        help='for a folder: the classes to use (default: all)')
    parser.add_argument('--fix', metavar='OUT.json',
                        help='write fixed COCO files: OUT.json, or for several splits '
                        'OUT_train.json, OUT_val.json, ...')
    page = parser.add_mutually_exclusive_group()
    page.add_argument('--html', metavar='FILE',
                      help='where to write the page (default: check_data/NAME.html)')
    page.add_argument('--no-page', action='store_true', help='do not write a page')
    parser.add_argument('--fast', action='store_true',
                        help='do not open the images (skips the search for copies, unreadable '
                        'images and most wrong sizes) and do not advise an input size')
    add_config_options(parser)


run = run_of('fcos_mm.apis.check_data')
