"""``fcos-mm yolo-to-coco``: convert one folder of YOLO text files to COCO format."""
import argparse
import sys

from fcos_mm.datasets.converters import convert_yolo, read_class_names

_EPILOG = """\
A label file is named like its image, with the extension .txt. Each line is 'class cx cy w h', in
fractions of the image's width and height. A score may follow. A polygon, 'class x y x y x y ...',
becomes its bounding box. Invalid entries (wrong number of fields, unknown classes, boxes without
area or outside the image, files that are not images) are skipped, counted and listed; the exit
status is still 0. If more than 1 %% of the boxes were skipped, a warning says so at the end. Labels
without any box are an error.

example:
  %(prog)s data/images/train data/labels/train --classes data/data.yaml \\
      --out data/annotations/train.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Convert YOLO text labels to COCO format.'
    parser.epilog = _EPILOG
    parser.add_argument('images', metavar='IMAGES', help='image folder')
    parser.add_argument('labels', metavar='LABELS', help='label folder')
    parser.add_argument('--classes', required=True, metavar='FILE',
                        help='text file with one class name per line, or a data.yaml with names')
    parser.add_argument('--out', required=True, metavar='FILE.json', help='COCO file to write')


def run(args: argparse.Namespace) -> None:
    """Convert the dataset.

    Raises:
        UserError: If a file cannot be read or written.
    """
    classes = read_class_names(args.classes)
    writer = convert_yolo(args.images, args.labels, classes=classes)
    writer.write(args.out)
    print(f'{args.out}: {writer.summary()}')
    print(f'classes = {tuple(classes)}')
    if writer.warning() is not None:
        print(f'warning: {args.out}: {writer.warning()}', file=sys.stderr)
