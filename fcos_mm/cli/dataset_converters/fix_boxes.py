"""``fcos-mm fix-boxes``: rewrite COCO boxes that are corners, centers or fractions."""
import argparse

from fcos_mm.datasets.box_form import NORMALIZED_READINGS, PIXEL_READINGS, fix_boxes, meaning
from fcos_mm.datasets.converters.coco import write_json

READINGS = (*PIXEL_READINGS[1:], *NORMALIZED_READINGS)
_EPILOG = ('box formats:\n'
           + '\n'.join(f'  {name:22} {meaning(name)}' for name in READINGS) + """

Areas are computed from the new boxes; mask areas are kept. Nothing is written if more than 1 %% of
the boxes extend beyond their image or have no area when read this way.

example:
  %(prog)s data/annotations/train.json data/annotations/train_fixed.json --from corners""")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Rewrite the boxes of a COCO file as x, y, width, height in pixels.'
    parser.epilog = _EPILOG
    parser.add_argument('source', metavar='IN.json', help='COCO-format file to read')
    parser.add_argument('target', metavar='OUT.json', help='COCO-format file to write')
    parser.add_argument('--from', dest='reading', required=True, choices=READINGS,
                        metavar='MEANING', help='box format of the input, see below')


def run(args: argparse.Namespace) -> None:
    """Rewrite the boxes.

    Raises:
        UserError: If a file cannot be read or written, or the boxes mean something else.
    """
    data, wrong = fix_boxes(args.source, args.reading)
    write_json(args.target, data)
    rest = f'; {wrong} of them extend beyond their image or have no area' if wrong else ''
    print(f"{args.target}: {len(data['annotations'])} boxes{rest}")
