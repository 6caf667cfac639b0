"""Time the data check before training, and reading the annotations in it.

Writes annotations of COCO train2017's size, with an image file for each (all
the same image, linked), and runs ``check_config_data``:

    python benchmarks/data_check.py

CPU seconds: other processes affect them less than wall-clock time.
"""
import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from annotation_memory import write_annotations

import fcos_mm  # noqa: F401  (supplies mmcv's operators)
from fcos_mm.datasets.checks import check_config_data


def write_images(folder: Path, count: int) -> None:
    """A file for each image of ``write_annotations``.

    Args:
        folder: Made here.
        count: How many images.
    """
    folder.mkdir()
    image = folder / f'{0:012}.jpg'
    cv2.imwrite(str(image), np.full((640, 640, 3), 127, np.uint8))
    for index in range(1, count):
        if index % 10_000 == 0:  # file systems limit the links of a file
            image = folder / f'{index:012}.jpg'
            image.write_bytes((folder / f'{0:012}.jpg').read_bytes())
        else:
            os.link(image, folder / f'{index:012}.jpg')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=118_287)
    parser.add_argument('--boxes', type=int, default=860_001)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_annotations(folder / 'annotations.json', args.images, args.boxes)
        write_images(folder / 'images', args.images)
        classes = tuple(f'class {number}' for number in range(1, 81))
        dataset = dict(
            type='CocoDataset', data_root=name, ann_file='annotations.json',
            data_prefix=dict(img='images/'), metainfo=dict(classes=classes),
            filter_cfg=dict(filter_empty_gt=True, min_size=32))
        begin = time.process_time()
        json.loads((folder / 'annotations.json').read_text())
        read = time.process_time()
        check_config_data(dict(train_dataloader=dict(dataset=dataset)), 'train')
        checked = time.process_time()
    print(f'{args.images:,} images, {args.boxes:,} boxes: {checked - read:.1f} s, of which '
          f'{read - begin:.1f} s to read the file')


if __name__ == '__main__':
    main()
