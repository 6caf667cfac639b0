"""Mend entries: of annotations that cannot be read, ids, fields, and images to leave out."""
from fcos_mm.datasets.coco_format import FIELDS, is_id
from fcos_mm.datasets.mending.state import Surroundings, drop_images
from fcos_mm.datasets.problems.copies import leaked
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.errors import shorten


def broken_entries(split: LabelledSplit, _: Surroundings) -> list[str]:
    """Drop annotations without a readable box, or of no image or category; images listed twice.

    An id that two images have stays: no one can say whose the boxes are.
    """
    kept = {id(box) for box in split.annotations}
    dropped = [box for box in split.data['annotations'] if id(box) not in kept]
    split.data['annotations'] = split.annotations
    images, seen = [], set()
    for image in split.data['images']:
        key = (image.get('id'), image.get('file_name')) if isinstance(image, dict) else None
        if key is None or not is_id(key[0]) or not isinstance(key[1], str) or key in seen:
            dropped.append(image)
        else:
            images.append(image)
            seen.add(key)
    split.data['images'] = images
    return [shorten(entry) for entry in dropped]


def annotation_ids(split: LabelledSplit, _: Surroundings) -> list[str]:
    """Number the annotations from 1 where an id is missing, repeated or 0."""
    ids = [box.get('id') for box in split.annotations]
    if FIELDS['annotations']['id'].rule(ids) and len({*ids}) == len(ids) and 0 not in ids:
        return []
    changed = [f'{old} -> {new}' for new, old in enumerate(ids, 1) if old != new]
    for number, box in enumerate(split.annotations, 1):
        box['id'] = number
    return changed


def lost_pictures(split: LabelledSplit, around: Surroundings) -> list[str]:
    """Drop images whose files are missing or cannot be read."""
    lost = [place for place, path in enumerate(split.paths)
            if not around.pictures[path].found or around.pictures[path].is_broken]
    drop_images(split, {*lost})
    return [split.images[place]['file_name'] for place in lost]


def leaks(split: LabelledSplit, around: Surroundings) -> list[str]:
    """Drop from the training set what is a copy, or near copy, of an image in another split."""
    lost = {}
    for test in around.tests:
        lost.update({place: f"{split.images[place]['file_name']}: like "
                     f"{test.images[twin]['file_name']} in {test.name}"
                     for place, twin in leaked(split, test, around.copies.near).items()})
    drop_images(split, lost)
    return [*lost.values()]


def missing_fields(split: LabelledSplit, _: Surroundings) -> list[str]:
    """Add ``area``, that of the box, and ``iscrowd``, 0."""
    changed = []
    for box in split.annotations:
        lacking = {name: value for name, value in (
            ('area', round(box['bbox'][2] * box['bbox'][3], 3)), ('iscrowd', 0))
            if name not in box or not FIELDS['annotations'][name].rule([box[name]])}
        if lacking:
            box.update(lacking)
            changed.append(f"annotation {box['id']}: {', '.join(lacking)}")
    return changed
