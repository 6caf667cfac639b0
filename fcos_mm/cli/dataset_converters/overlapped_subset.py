"""``fcos-mm overlapped-subset``: keep the images with overlapping boxes."""
import argparse

from fcos_mm.errors import UserError

_EPILOG = """\
An image is kept, with all its boxes, if two of its boxes overlap. Boxes of any category count,
including crowd boxes.

example: the subset that the paper calls minival_overlapped
  %(prog)s data/coco/annotations/instances_val2017.json \\
      data/coco/annotations/instances_val2017_overlapped.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Keep the images of a COCO file that have overlapping boxes.'
    parser.epilog = _EPILOG
    parser.add_argument('source', metavar='IN.json', help='COCO-format file to read')
    parser.add_argument('target', metavar='OUT.json', help='COCO-format file to write')


def run(args: argparse.Namespace) -> None:
    """Write the subset.

    Raises:
        UserError: If a file cannot be read or written.
    """
    from fcos_mm.analysis.overlapped import overlapped_subset
    from fcos_mm.datasets.checks import read_checked
    from fcos_mm.datasets.converters.coco import write_json
    subset = overlapped_subset(read_checked(args.source).data)
    images = len(subset.data['images'])
    if not images:
        raise UserError(f'{args.source} has no image with overlapping boxes: nothing to write.')
    write_json(args.target, subset.data)
    print(f'{args.target}: {images} images, {subset.boxes} boxes, {subset.overlapping} of them '
          f'({100 * subset.overlapping / subset.boxes:.1f} %) overlap another')
