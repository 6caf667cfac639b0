"""``fcos-mm convert``: convert VOC or YOLO data to COCO files."""
import argparse

from fcos_mm.cli.options import not_negative

_EPILOG = '''\
SOURCE is a folder of PASCAL VOC, LabelImg, Roboflow, YOLO or COCO data, or a YOLO data.yaml. The
layout is detected automatically, and a validation split is made if there is none. Valid COCO files
stay where they are. voc-to-coco and yolo-to-coco convert single splits and have more options.

examples:
  %(prog)s VOC2007 --out data/mine
  %(prog)s yolo/data.yaml --out data/mine --classes cat dog'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Convert data to COCO format.'
    parser.epilog = _EPILOG
    parser.add_argument('source', metavar='SOURCE', help='the data to convert, see below')
    parser.add_argument('--out', required=True, metavar='DIR', help='folder to write to')
    parser.add_argument('--classes', nargs='+', metavar='NAME',
                        help='classes to convert, in label order (default: all)')
    parser.add_argument('--seed', type=not_negative, default=0, metavar='N',
                        help='seed for choosing validation images (default: %(default)s)')


def run(args: argparse.Namespace) -> None:
    """Write COCO files for a user's data; print what they hold and how a config names them.

    Raises:
        UserError: If they cannot be converted.
    """
    from fcos_mm.datasets.checks.summary import class_table, config_lines, summarise
    from fcos_mm.datasets.sources import prepare_data
    data = prepare_data(args.source, args.out, classes=args.classes, seed=args.seed)
    splits = {name: summarise(split.ann_file, data.classes) for name, split in data.splits.items()}
    print('\n'.join([data.layout, *data.notes, '', *class_table(splits), '', 'In a config:',
                     *config_lines(data)]))
