"""``fcos-mm browse``: show your pictures as training sees them, with their positive locations."""
import argparse

from fcos_mm.cli.options import add_config_options, not_negative, positive, run_of

_EPILOG = '''\
Each image is shown after augmentation, at the size of the network's input, with its boxes, the
positive locations of each level, their center-ness, and the ambiguous samples. A box without a
positive location is marked "missed". For heads other than FCOS only the boxes are shown.

For a folder the settings are those that train --data would choose; --cfg-options changes them.

examples:
  %(prog)s data/mine
      a page, browse.html, with 12 pictures from a folder of COCO, VOC, LabelImg, Roboflow or YOLO
      data
  %(prog)s my_config.py --names "IMG_01*" 4711 --no-augmentation
      pictures by file name or id, without augmentation
  %(prog)s data/mine --png pictures --cfg-options image_size="(640,480)" levels=P2-P5
      PNG files, with a different input size and different levels'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Show training pictures with their boxes and positive locations.'
    parser.epilog = _EPILOG
    parser.add_argument('config', metavar='CONFIG_OR_DATA',
                        help="a config, or the data: a folder or YOLO's data.yaml")
    parser.add_argument('--images', type=positive, default=12, metavar='N',
                        help='maximum number of images (default: %(default)s)')
    parser.add_argument('--names', nargs='+', metavar='NAME',
                        help='file names, patterns or image ids (default: a random selection)')
    parser.add_argument('--no-augmentation', dest='augmentation', action='store_false',
                        help='use the test pipeline, without augmentation')
    parser.add_argument('--seed', type=not_negative, default=0, metavar='N',
                        help='for the selection and the augmentation (default: %(default)s)')
    output = parser.add_mutually_exclusive_group()
    output.add_argument('--out', default='browse.html', metavar='FILE',
                        help='the page (default: %(default)s); its numbers are written next to it '
                        'as JSON')
    output.add_argument('--png', metavar='DIR', help='write PNG files to a folder instead')
    parser.add_argument('--classes', nargs='+', metavar='NAME',
                        help='for a folder: the classes to use (default: all)')
    add_config_options(parser)


run = run_of('fcos_mm.apis.browsing.browse')
