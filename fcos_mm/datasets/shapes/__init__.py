"""The generated dataset ``shapes``: images and COCO annotations.

Six classes that differ by outline alone. Colors, textures, rotation and
stretch are random, and so are the background, what hides the shapes and the
distractors that belong to no class.
"""
from pathlib import Path

import cv2
import numpy as np

from fcos_mm.datasets.converters.coco import write_json
from fcos_mm.datasets.shapes.drawing import CLASSES
from fcos_mm.datasets.shapes.scene import MIN_SIDE, draw_scene
from fcos_mm.errors import UserError

SPLITS = ('train', 'val', 'test')
COUNTS = (2000, 100, 400)  # images of the splits
IMAGE_SIZE = (128, 128)  # width, height
_QUALITY = 92


def make_shapes(out_dir: str, *, seed: int = 0, counts: tuple = COUNTS,
                image_size: tuple = IMAGE_SIZE) -> dict:
    """Write the dataset.

    Layout: ``{train,val,test}/000001.jpg`` and ``annotations/{split}.json``.
    An image depends on the seed, its split and its number only, so the first
    images of a split stay the same when more are asked for.

    Args:
        image_size: Width and height of the images, in pixels.

    Returns:
        dict[str, Path]: The annotation file of each split.
    """
    _check(seed, counts, image_size)
    files = {}
    for number, (split, count) in enumerate(zip(SPLITS, counts)):
        rngs = [np.random.default_rng([seed, number, index]) for index in range(count)]
        files[split] = _write_split(Path(out_dir), split, rngs, image_size)
    return files


def make_data(data_root: str) -> None:
    """Write the dataset to its folder unless it is there already."""
    wanted = [Path(data_root) / 'annotations' / f'{split}.json' for split in SPLITS]
    found = all(path.is_file() for path in wanted)
    if not found:
        make_shapes(data_root)
    print(f'dataset     {data_root}, {"found" if found else "written"}')


def _check(seed: int, counts: tuple, image_size: tuple) -> None:
    """Raise a UserError for arguments that make no dataset."""
    if seed < 0:
        raise UserError(f'seed must be 0 or more, got {seed}.')
    if len(counts) != len(SPLITS) or min(counts) < 1:
        raise UserError(f'counts must be three numbers of images, each 1 or more, got {counts}.')
    if min(image_size) < 8 * MIN_SIDE:
        raise UserError(f'image_size must be at least {8 * MIN_SIDE} pixels a side, '
                        f'got {image_size}.')


def _write_split(out_dir: Path, split: str, rngs: list, image_size: tuple) -> Path:
    """Write the images of a split, one a random generator; return its annotation file."""
    width, height = image_size
    (out_dir / split).mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for number, rng in enumerate(rngs, start=1):
        name = f'{number:06d}.jpg'
        image, boxes = draw_scene(width, height, rng)
        path = out_dir / split / name
        if not cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]):
            raise UserError(f'Cannot write {path}. Check that the folder is writable.')
        images.append(dict(id=number, file_name=name, width=width, height=height))
        for box in boxes:
            annotations.append(dict(
                id=len(annotations) + 1, image_id=number, category_id=int(box['label']) + 1,
                bbox=box['bbox'], area=box['area'], iscrowd=box['iscrowd']))
    categories = [dict(id=number, name=name) for number, name in enumerate(CLASSES, start=1)]
    path = out_dir / 'annotations' / f'{split}.json'
    write_json(str(path), dict(images=images, annotations=annotations, categories=categories))
    return path
