"""A validation split, made from the training set."""
import os.path as osp

import numpy as np

from fcos_mm.datasets.converters.coco import write_json
from fcos_mm.datasets.sources.duplicates import are_alike, find_copies
from fcos_mm.datasets.sources.source import Content
from fcos_mm.datasets.sources.stratify import stratify
from fcos_mm.errors import UserError

SHARE = 0.2  # of the images


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
        raise UserError(f'Cannot make a validation split from the {len(images)} images in '
                        f'{train.images}: there are too few, or they are copies of each other.\n'
                        'Provide your own validation split.')
    names = np.array([image['file_name'] for image in images])
    sizes = np.bincount(groups)
    copies = [names[groups == group].tolist() for group in np.flatnonzero(sizes > 1)]
    write_json(record, dict(
        seed=seed, share=SHARE, images=train.images, copies=copies,
        train=names[~chosen].tolist(), val=names[chosen].tolist()))
    made = (f'validation: {chosen.sum()} of {len(images)} images, chosen with seed {seed} '
            f'({osp.basename(record)})')
    return train.part(~chosen), train.part(chosen), [made, *note]


def _groups(train: Content) -> tuple[np.ndarray, list[str]]:
    """Group numbers (N, ) of the images, and lines about copies."""
    exact, near = find_copies(train.paths())
    if are_alike(near):
        alike = np.bincount(near).max()
        groups, notes = exact, [f'{alike} of {len(near)} images look alike: only exact copies '
                                'are kept in the same split']
    else:
        groups, notes = near, []
    sizes = np.bincount(groups)
    copies = sizes[sizes > 1]
    if len(copies):
        notes.append(f'exact or near copies: {copies.sum()} images in {len(copies)} groups; '
                     'each group stays in one split')
    return groups, notes


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
