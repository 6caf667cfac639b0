"""``tools/dataset_converters/fix_boxes.py``: boxes of a COCO-format file in another form."""
import argparse
import json
from pathlib import Path

from fcos_mm.datasets.box_readings import NORMALIZED_READINGS, PIXEL_READINGS, meaning
from fcos_mm.errors import UserError

READINGS = (*PIXEL_READINGS[1:], *NORMALIZED_READINGS)
_EPILOG = ('what the numbers may mean:\n'
           + '\n'.join(f'  {name:22} {meaning(name)}' for name in READINGS) + """

Areas are computed from the new boxes; the area of a mask stays. Nothing is written where more
than 1 %% of the boxes leave their image or have no area when read so.

example:
  %(prog)s data/annotations/train.json data/annotations/train_fixed.json --from corners""")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Rewrite boxes of a COCO-format file as x, y, width, height in pixels.'
    parser.epilog = _EPILOG
    parser.add_argument('source', metavar='IN.json', help='COCO-format file to read')
    parser.add_argument('target', metavar='OUT.json', help='COCO-format file to write')
    parser.add_argument('--from', dest='reading', required=True, choices=READINGS,
                        metavar='MEANING', help='what the four numbers of a box are, see below')


def run(args: argparse.Namespace) -> None:
    """Rewrite the boxes.

    Raises:
        UserError: If a file cannot be read or written, or the boxes mean something else.
    """
    from fcos_mm.datasets.converters.fix_boxes import fix_boxes
    data, wrong = fix_boxes(args.source, args.reading)
    try:
        Path(args.target).parent.mkdir(parents=True, exist_ok=True)
        Path(args.target).write_text(json.dumps(data), encoding='utf-8')
    except OSError as error:
        raise UserError(f'{args.target} cannot be written: {error}\nChoose another file.') from None
    rest = f'; {wrong} of them leave their image or have no area' if wrong else ''
    print(f"{args.target}: {len(data['annotations'])} boxes{rest}")
