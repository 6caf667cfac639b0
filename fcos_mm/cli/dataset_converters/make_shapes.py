"""``fcos-mm make-shapes``: generate a small dataset of shapes."""
import argparse

from fcos_mm.datasets.shapes import COUNTS, IMAGE_SIZE, SPLITS, make_shapes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = 'Generate the dataset `shapes` in COCO format.'
    parser.epilog = 'example:\n  %(prog)s data/shapes --counts 64 8 12'
    parser.add_argument('out_dir', help='folder to write to')
    parser.add_argument('--seed', type=int, default=0,
                        help='the same seed gives the same bytes (default: %(default)s)')
    parser.add_argument('--counts', type=int, nargs=len(SPLITS), default=COUNTS,
                        metavar=tuple(split.upper() for split in SPLITS),
                        help='images per split (default: %(default)s)')
    parser.add_argument('--image-size', type=int, nargs=2, default=IMAGE_SIZE,
                        metavar=('WIDTH', 'HEIGHT'),
                        help='image size in pixels (default: %(default)s)')


def run(args: argparse.Namespace) -> None:
    """Write the dataset."""
    files = make_shapes(args.out_dir, seed=args.seed, counts=tuple(args.counts),
                        image_size=tuple(args.image_size))
    for split, count in zip(files, args.counts):
        print(f'{files[split]}: {count} images')
