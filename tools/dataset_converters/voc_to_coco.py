"""Convert a dataset in the layout of PASCAL VOC to COCO's format."""
import argparse
import os
import os.path as osp
import shutil

from fcos_mm.apis.cli import run_tool
from fcos_mm.datasets.converters import convert_voc, voc_classes, voc_splits
from fcos_mm.datasets.converters.voc import IMAGE_FOLDER
from fcos_mm.errors import UserError

EPILOG = """\
Faults (boxes without area or outside the image, unknown classes, missing images, broken XML)
are skipped, counted and listed; the exit status is then still 0.

examples:
  %(prog)s VOC2007 --out data/voc
      every split: data/voc/annotations/SPLIT.json, and data/voc/images, a link to the images
  %(prog)s VOC2007 --split train --out train.json
      one split, its annotation file only

Coordinates: most tools that write this layout (LabelImg and others) store the corners of the
box, so the numbers are kept. The files of PASCAL VOC itself count pixels from 1 and name the
last pixel inside: use --one-based for them. The two readings differ by one pixel at the left
and upper edge."""


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', metavar='VOC_ROOT',
                        help='folder that holds Annotations, ImageSets/Main and JPEGImages')
    parser.add_argument('--out', required=True,
                        help='folder for the whole dataset, or a .json file for one split')
    parser.add_argument('--split', nargs='+', metavar='NAME',
                        help='files of ImageSets/Main without .txt (default: all)')
    parser.add_argument('--classes', nargs='+', metavar='NAME',
                        help='classes to convert, in the order of their labels '
                        '(default: all names in Annotations, sorted)')
    parser.add_argument('--one-based', action='store_true',
                        help='pixels count from 1 and the last one is inside the box')
    parser.add_argument('--copy-images', action='store_true',
                        help='copy the images instead of linking their folder')
    return parser.parse_args()


def place_images(source: str, target: str, copy: bool) -> None:
    """Link or copy the folder of the images; what is right already stays."""
    is_link = osp.realpath(target) == osp.realpath(source)
    if osp.lexists(target) and is_link == copy:
        raise UserError(f'{target} is there already and is {"" if is_link else "not "}a link to '
                        f'{source}.\nRemove it or choose another --out.')
    if copy:
        shutil.copytree(source, target)
    elif not is_link:
        os.symlink(osp.abspath(source), target, target_is_directory=True)


def main() -> None:
    args = parse_args()
    splits = args.split or voc_splits(args.root)
    single_file = args.out.endswith('.json')
    if single_file and len(splits) > 1:
        raise UserError(f'--out {args.out} holds one split, but there are {splits}.\n'
                        'Choose one by --split, or give a folder as --out.')
    classes = args.classes or voc_classes(args.root)
    for split in splits:
        path = args.out if single_file else osp.join(args.out, 'annotations', f'{split}.json')
        writer = convert_voc(args.root, split, classes=classes, one_based=args.one_based)
        writer.write(path)
        print(f'{path}: {writer.summary()}')
    if not single_file:
        place_images(osp.join(args.root, IMAGE_FOLDER), osp.join(args.out, 'images'),
                     args.copy_images)
    print(f'classes = {tuple(classes)}')


if __name__ == '__main__':
    run_tool(main)
