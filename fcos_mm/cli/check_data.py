"""``fcos-mm check-data``: show what is in your data, what is wrong with it, and mend a copy."""
import argparse

from fcos_mm.cli.options import add_config_options, run_of

_EPILOG = '''\
Shown are the images and boxes of each split and class, the size of the input that the boxes need,
and the problems: errors, for which train refuses the data; warnings; notes, of which only you can
say whether they are wrong. The page shows the same with charts, and with the images and boxes at
fault. The numbers of the page are beside it, as JSON.

--fix writes COCO files in which all is mended that has one remedy: boxes are cut to their image,
converted to x, y, width, height in pixels, and dropped where they have no area, lie outside their
image or repeat another; sizes of images are those of the files; ids are numbered anew where they
repeat or are 0; images without a readable file are left out, and so are training images that are
copies of validation or test images. The data stay as they are.

exit status: 0 nothing is wrong, or there are warnings and notes only; 2 the data, or with --fix the
mended copy, cannot be trained on.

examples:
  %(prog)s data/mine
      a folder of COCO, PASCAL VOC, LabelImg, Roboflow or YOLO data; the page is
      check_data/mine.html
  %(prog)s data/mine --fix data/mended/mine.json
      writes mine_train.json, mine_val.json, ... there; train with --data data/mended
  %(prog)s my_config.py
      the training and validation data of a config'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Show what data hold, find what is wrong with them, and mend a copy.'
    parser.epilog = _EPILOG
    parser.add_argument('config', metavar='CONFIG_OR_DATA',
                        help="a config, or the data: a folder, a COCO file or YOLO's data.yaml")
    parser.add_argument('--classes', nargs='+', metavar='NAME',
                        help='of a folder: the classes that count (default: all)')
    parser.add_argument('--fix', metavar='OUT.json',
                        help='write mended COCO files: OUT.json, or for several splits '
                        'OUT_train.json, OUT_val.json, ...')
    page = parser.add_mutually_exclusive_group()
    page.add_argument('--html', metavar='FILE',
                      help='where the page goes (default: check_data/NAME.html)')
    page.add_argument('--no-page', action='store_true', help='write no page')
    parser.add_argument('--fast', action='store_true',
                        help='do not open the images (no search for copies, unreadable images and '
                        'wrong sizes beyond what train looks at) and advise no input size')
    add_config_options(parser)


run = run_of('fcos_mm.apis.check_data')
