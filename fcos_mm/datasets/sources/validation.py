"""A validation split, made from the training set."""
import os.path as osp

import numpy as np

from fcos_mm.datasets.converters.coco import write_json
from fcos_mm.datasets.sources.duplicates import find_copies
from fcos_mm.datasets.sources.source import Content
from fcos_mm.datasets.sources.stratify import stratify
from fcos_mm.errors import UserError

SHARE = 0.2  # of the images
_LARGEST_GROUP = 0.5  # share of the images that may be near copies of each other


def split_off(train: Content, classes: tuple[str, ...], seed: int, record: str
              ) -> tuple[Content, Content, list[str]]:
    """Divide a training set by image; copies of an image stay on one side.

    Args:
        classes: Those that keep their share.
        record: Path of the JSON file that says how it was divided.

    Returns:
        What remains for training, the validation split, and lines about them.

    Raises:
        UserError: If all images are copies of each other.
    """
    images = train.data['images']
    groups, note = _groups(train)
    counts = np.zeros((groups.max() + 1, len(classes) + 1), int)
    np.add.at(counts, groups, _presence(train.data, classes))
    chosen = stratify(counts, SHARE, seed)[groups]
    if chosen.all() or not chosen.any():
        raise UserError(f'No validation split can be made of the {len(images)} images in '
                        f'{train.images}: they are too few or copies of each other.\n'
                        'Give a validation split of your own.')
    names = np.array([image['file_name'] for image in images])
    sizes = np.bincount(groups)
    copies = [names[groups == group].tolist() for group in np.flatnonzero(sizes > 1)]
    write_json(record, dict(
        seed=seed, share=SHARE, images=train.images, copies=copies,
        train=names[~chosen].tolist(), val=names[chosen].tolist()))
    made = (f'validation: {chosen.sum()} of {len(images)} images, chosen with seed {seed} '
            f'({osp.basename(record)})')
    return _part(train, ~chosen), _part(train, chosen), [made, *note]


def _groups(train: Content) -> tuple[np.ndarray, list[str]]:
    """Group numbers (N, ) of the images, and a line about copies if there are any."""
    exact, near = find_copies(train.files())
    count = len(exact)
    groups, kind = near, 'copies or nearly'
    if np.bincount(near).max() > max(_LARGEST_GROUP * count, np.bincount(exact).max()):
        groups, kind = exact, 'copies (most images look alike: only exact copies are looked at)'
    sizes = np.bincount(groups)
    several = sizes[sizes > 1]
    if not len(several):
        return groups, [f'{kind}'] if groups is exact else []
    return groups, [f'{several.sum()} images are {kind} of one another, in {len(several)} groups; '
                    'each group is in one split']


def _presence(data: dict, classes: tuple[str, ...]) -> np.ndarray:
    """(N, C + 1) bool: which classes an image has; the last is none."""
    labels = {category['id']: classes.index(category['name'])
              for category in data['categories'] if category['name'] in classes}
    rows = {image['id']: row for row, image in enumerate(data['images'])}
    present = np.zeros((len(rows), len(classes) + 1), bool)
    for box in data['annotations']:
        if box['category_id'] in labels:
            present[rows[box['image_id']], labels[box['category_id']]] = True
    present[:, -1] = ~present.any(1)
    return present


def _part(content: Content, chosen: np.ndarray) -> Content:
    """The images chosen (N, ) bool, with their boxes."""
    images = [image for image, take in zip(content.data['images'], chosen, strict=True) if take]
    ids = {image['id'] for image in images}
    boxes = [box for box in content.data['annotations'] if box['image_id'] in ids]
    return Content(dict(content.data, images=images, annotations=boxes), content.images)
