"""From annotations in COCO's format and detections to :class:`Results`."""
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from fcos_mm.errors import UserError
from fcos_mm.report.results import Boxes, Found, Image, Results

#: COCO's evaluation counts this many detections of a class in an image.
LIMIT = 100


def results_from_coco(data: Mapping, classes: Sequence[str], images: Sequence[Image], found: Found,
                      metrics: Mapping[str, float]) -> Results:
    """Join what there is to find and what was found.

    Args:
        data: An annotation file: ``images``, ``annotations`` and ``categories``.
        classes: Names of categories, in the order of the labels; other categories do not count.
        images: Those that were looked at; their boxes count.
        found: The detections; those beyond COCO's limit are left out.
        metrics: The metric's own numbers by name.

    Raises:
        UserError: If a class is no category of the file.
    """
    return Results(classes=tuple(classes), images=images, truth=_boxes(data, classes, images),
                   found=_counted(found, len(classes)), metrics=metrics)


def _boxes(data: Mapping, classes: Sequence[str], images: Sequence[Image]) -> Boxes:
    """The annotated boxes, image after image."""
    names = {category['id']: category['name'] for category in data['categories']}
    missing = sorted(set(classes) - set(names.values()))
    if missing:
        raise UserError(f'The annotations have no category {missing[0]!r}, which is a class of '
                        'the model.\nGive the annotation file that it was tested on.')
    labels = {key: classes.index(name) for key, name in names.items() if name in set(classes)}
    places = {image.id: place for place, image in enumerate(images)}
    rows = sorted((row for row in data['annotations']
                   if row['image_id'] in places and row['category_id'] in labels),
                  key=lambda row: places[row['image_id']])
    boxes = np.array([row['bbox'] for row in rows], dtype=np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return Boxes(
        boxes=boxes, labels=np.array([labels[row['category_id']] for row in rows], dtype=np.int64),
        images=np.array([places[row['image_id']] for row in rows], dtype=np.int64),
        crowd=np.array([bool(row.get('iscrowd')) for row in rows], dtype=bool),
        ids=[row['id'] for row in rows],
        areas=np.array([row.get('area', row['bbox'][2] * row['bbox'][3]) for row in rows],
                       dtype=np.float64))


def _counted(found: Found, classes: int) -> Found:
    """The detections of each class in each image with the highest scores, in their order."""
    groups = found.images * classes + found.labels
    order = np.lexsort((-found.scores, groups))
    firsts = np.searchsorted(groups[order], groups[order])
    kept = np.sort(order[np.arange(len(order)) - firsts < LIMIT])
    arrays = {name: value[kept] for name, value in vars(found).items()
              if isinstance(value, np.ndarray)}
    return replace(found, **arrays)
