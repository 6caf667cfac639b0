"""Keep the images of a COCO-format file whose boxes overlap."""
import argparse
import json
from pathlib import Path

from fcos_mm.analysis.annotations import read_coco
from fcos_mm.analysis.overlapped import overlapped_subset
from fcos_mm.apis.cli import run_tool
from fcos_mm.errors import UserError

EPILOG = """\
An image stays, with all its boxes, if two of its boxes have an area in common. Boxes of any
category count, crowd boxes too.

example: the subset that the paper calls minival_overlapped
  %(prog)s data/coco/annotations/instances_val2017.json \\
      data/coco/annotations/instances_val2017_overlapped.json"""


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', metavar='IN.json', help='COCO-format file to read')
    parser.add_argument('target', metavar='OUT.json', help='COCO-format file to write')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    subset = overlapped_subset(read_coco(args.source).data)
    images = len(subset.data['images'])
    if not images:
        raise UserError(f'{args.source} has no image with overlapping boxes: nothing to write.')
    try:
        Path(args.target).parent.mkdir(parents=True, exist_ok=True)
        Path(args.target).write_text(json.dumps(subset.data), encoding='utf-8')
    except OSError as error:
        raise UserError(f'{args.target} cannot be written: {error}\nChoose another file.') from None
    print(f'{args.target}: {images} images, {subset.boxes} boxes, {subset.overlapping} of them '
          f'({100 * subset.overlapping / subset.boxes:.1f} %) overlap another')


if __name__ == '__main__':
    run_tool(main)
