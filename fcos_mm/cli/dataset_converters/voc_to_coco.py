"""``fcos-mm voc-to-coco``: convert VOC XML files to COCO format, one file per split."""
import argparse
import os
import os.path as osp
import shutil
import sys

from fcos_mm.datasets.converters import convert_voc, voc_classes, voc_layout
from fcos_mm.errors import UserError

_EPILOG = """\
Layouts: Annotations, JPEGImages and lists in ImageSets/Main (PASCAL VOC); the same without lists
(one split, `all`); XML files next to the images (LabelImg, one split); XML files next to the images
in one folder per split (Roboflow).

Invalid entries (boxes without area or outside the image, unknown classes, missing images, broken
XML) are skipped, counted and listed; the exit status is still 0. If more than 1 %% of the boxes
were skipped, a warning says so at the end. A split without boxes is an error.

examples:
  %(prog)s VOC2007 --out data/voc
      all splits: data/voc/annotations/SPLIT.json, and data/voc/images, a link to the images
  %(prog)s VOC2007 --split train --out train.json
      the annotation file of one split

Coordinates: most tools (LabelImg and others) store the corners of the box, so the numbers are
kept. PASCAL VOC's own files count pixels from 1 and include the last pixel: use --one-based for
them. The two conventions differ by one pixel at the left and top edge."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = ('Convert a dataset with one XML file per image (PASCAL VOC, LabelImg, '
                          'Roboflow) to COCO format.')
    parser.epilog = _EPILOG
    parser.add_argument('root', metavar='VOC_ROOT', help='dataset folder, see below')
    parser.add_argument('--out', required=True,
                        help='folder for the whole dataset, or a .json file for one split')
    parser.add_argument('--split', nargs='+', metavar='NAME',
                        help='files of ImageSets/Main without .txt, or folders (default: all)')
    parser.add_argument('--classes', nargs='+', metavar='NAME',
                        help='classes to convert, in label order '
                        '(default: all names in Annotations, sorted)')
    parser.add_argument('--one-based', action='store_true',
                        help='pixels are counted from 1, and the box includes the last one')
    parser.add_argument('--copy-images', action='store_true',
                        help='copy the images instead of linking their folder')


def place_images(source: str, target: str, copy: bool) -> None:
    """Link or copy the folder of the images; what is right already stays."""
    is_link = osp.realpath(target) == osp.realpath(source)
    if osp.lexists(target) and is_link == copy:
        raise UserError(f'{target} already exists and is {"" if is_link else "not "}a link to '
                        f'{source}.\nRemove it or choose another --out.')
    if copy:
        shutil.copytree(source, target)
    elif not is_link:
        os.symlink(osp.abspath(source), target, target_is_directory=True)


def is_below(path: str, folder: str) -> bool:
    """Whether a path lies in a folder or below."""
    return osp.realpath(path).startswith(osp.realpath(folder) + os.sep)


def run(args: argparse.Namespace) -> None:
    """Convert the dataset.

    Raises:
        UserError: If a file cannot be read or written.
    """
    layout = voc_layout(args.root)
    splits = args.split or layout.splits
    single_file = args.out.endswith('.json')
    if single_file and len(splits) > 1:
        raise UserError(f'--out {args.out} is a file for one split, but there are {splits}.\n'
                        'Choose one with --split, or give a folder as --out.')
    if not single_file and is_below(osp.join(args.out, 'images'), layout.images):
        raise UserError(f'--out {args.out} is inside the image folder, {layout.images}.\n'
                        'Give a folder outside of it.')
    classes = args.classes or voc_classes(args.root)
    warnings = []
    for split in splits:
        path = args.out if single_file else osp.join(args.out, 'annotations', f'{split}.json')
        writer = convert_voc(args.root, split, classes=classes, one_based=args.one_based)
        writer.write(path)
        print(f'{path}: {writer.summary()}')
        warnings.append((path, writer.warning()))
    if not single_file:
        place_images(layout.images, osp.join(args.out, 'images'), args.copy_images)
    print(f'classes = {tuple(classes)}')
    for path, warning in warnings:
        if warning is not None:
            print(f'warning: {path}: {warning}', file=sys.stderr)
