"""The boxes of a COCO-format annotation file that training would use, without any image."""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fcos_mm.datasets.checks.boxes import read_checked
from fcos_mm.datasets.coco_format import parent_category
from fcos_mm.errors import UserError


class ImageBoxes(NamedTuple):
    """The boxes of an image, in pixels of the original."""
    image_id: int
    width: int
    height: int
    ids: list[int]  # of the G annotations
    boxes: np.ndarray  # (G, 4) float32
    categories: np.ndarray  # (G,) number of the category, from 0
    crowd: np.ndarray  # (K, 4) float32, the crowd boxes


class Annotations(NamedTuple):
    """The contents of an annotation file."""
    images: list[ImageBoxes]  # all images of the file, those without boxes too
    left_out: dict[str, int]  # number of boxes that do not count, by the reason
    warnings: list[str]  # what is wrong with boxes that do not count


def read_boxes(path: str, classes: Sequence[str] | None = None) -> Annotations:
    """Read the boxes that training would use, of some classes or of all.

    Crowd boxes are kept apart. Boxes that mmdet's dataset skips do not count: those of other
    categories, outside their image, or with a side below 1 pixel.

    Raises:
        UserError: If the file is missing or not in COCO format, an entry lacks a field, or no
            box counts.
    """
    checked = read_checked(path)
    data = checked.data
    number = _numbers(path, data, classes)
    kept: dict = {image['id']: [] for image in data['images']}
    left_out = dict(crowd=0, other_category=0, not_usable=0)
    for annotation, is_usable in zip(data['annotations'], checked.usable):
        if annotation['category_id'] not in number:
            left_out['other_category'] += 1
        elif not is_usable:
            left_out['not_usable'] += 1
        else:
            left_out['crowd'] += bool(annotation.get('iscrowd'))
            kept[annotation['image_id']].append(annotation)
    if len(data['annotations']) == sum(left_out.values()):
        reasons = describe_left_out(left_out) or 'it has none at all'
        raise UserError(f'{path} has no box that counts: {reasons}.\n'
                        'Give an annotation file with boxes.')
    images = [_image_boxes(image, kept[image['id']], number) for image in data['images']]
    return Annotations(images, left_out, checked.warnings)


def describe_left_out(left_out: dict[str, int]) -> str:
    """List how many boxes do not count and why."""
    return ', '.join(f'{number} {name.replace("_", " ")}'
                     for name, number in left_out.items() if number)


def _numbers(path: str, data: dict, classes: Sequence[str] | None) -> dict:
    """The number of each category that counts, by its id."""
    names = {entry['id']: entry['name'] for entry in data['categories']}
    if classes is None:
        parent = parent_category(data)
        counting = [key for key in names if parent is None or key != parent['id']]
    else:
        counting = [key for key, name in names.items() if name in classes]
        if not counting:
            raise UserError(
                f'{path} and the config have no category in common.\n'
                f'  file: {list(names.values())[:12]}\n  config: {list(classes)[:12]}\n'
                "Set train_dataloader.dataset.metainfo=dict(classes=...) to the file's names.")
    return {key: number for number, key in enumerate(counting)}


def _image_boxes(image: dict, annotations: Sequence[dict], number: dict) -> ImageBoxes:
    ordinary = [a for a in annotations if not a.get('iscrowd')]
    return ImageBoxes(
        image['id'], image['width'], image['height'], ids=[a['id'] for a in ordinary],
        boxes=_corners(ordinary),
        categories=np.array([number[a['category_id']] for a in ordinary], dtype=np.int64),
        crowd=_corners([a for a in annotations if a.get('iscrowd')]))


def _corners(annotations: Sequence[dict]) -> np.ndarray:
    """(n, 4): corners of boxes (x, y, w, h)."""
    corners = [(x, y, x + width, y + height)
               for x, y, width, height in (annotation['bbox'] for annotation in annotations)]
    return np.array(corners, dtype=np.float32).reshape(-1, 4)
