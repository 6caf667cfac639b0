"""A split's entries as arrays: those that can be read, whatever else is wrong with the file."""
import os.path as osp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from fcos_mm.datasets.coco_format import FIELDS, is_id

_NEEDED = {'images': ('file_name', 'width', 'height'), 'categories': ('name', ),
           'annotations': ('bbox', )}


@dataclass
class LabelledSplit:
    """A split as its annotation file has it.

    N boxes of the classes, M images; entries that are broken are in :attr:`data` only.

    Attributes:
        name: ``'train'``, ``'val'``, ``'test'`` or a config's key.
        data: In COCO's format, not checked.
        folder: The folder that file names are relative to.
        classes: Names of the classes that count.
        ann_file: The annotation file; the text to show for data that are converted.
        faults: What the converter left out: kind and cases.
    """

    name: str
    data: dict
    folder: str
    classes: Sequence[str]
    ann_file: str
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def images(self) -> list[dict]:
        """The M images; of those with the same id the first."""
        images: dict = {}
        for image in readable_entries(self.data['images'], 'images'):
            images.setdefault(image['id'], image)
        return [*images.values()]

    @cached_property
    def annotations(self) -> list[dict]:
        """The N annotations of these images and of the classes."""
        known, labels = {image['id'] for image in self.images}, self._labels
        return [box for box in readable_entries(self.data['annotations'], 'annotations')
                if is_id(box.get('image_id')) and box['image_id'] in known
                and is_id(box.get('category_id')) and box['category_id'] in labels]

    @cached_property
    def boxes(self) -> np.ndarray:
        """(N, 4) float64, x, y, width, height as written."""
        return np.array([box['bbox'] for box in self.annotations], float).reshape(-1, 4)

    @cached_property
    def areas(self) -> np.ndarray:
        """(N,) as written; that of the box where it is missing or no number."""
        rule = FIELDS['annotations']['area'].rule
        return np.array([box['area'] if rule([box.get('area')]) else box['bbox'][2] * box['bbox'][3]
                         for box in self.annotations], float)

    @cached_property
    def owner(self) -> np.ndarray:
        """(N,) places in :attr:`images`."""
        places = {image['id']: place for place, image in enumerate(self.images)}
        return np.array([places[box['image_id']] for box in self.annotations], int)

    @cached_property
    def boxes_of(self) -> list[np.ndarray]:
        """For each image the places of its boxes, M arrays."""
        order = np.argsort(self.owner, kind='stable')
        ends = np.cumsum(np.bincount(self.owner, minlength=len(self.images)))
        return np.split(order, ends[:-1])

    @cached_property
    def labels(self) -> np.ndarray:
        """(N,) places in :attr:`classes`."""
        return np.array([self._labels[box['category_id']] for box in self.annotations], int)

    @cached_property
    def crowd(self) -> np.ndarray:
        """(N,) bool."""
        return np.array([bool(box.get('iscrowd')) for box in self.annotations], bool)

    @cached_property
    def image_sizes(self) -> np.ndarray:
        """(M, 2) float64, width and height as written, in pixels."""
        return np.array([(image['width'], image['height']) for image in self.images],
                        float).reshape(-1, 2)

    @cached_property
    def paths(self) -> list[str]:
        """The M files."""
        return [osp.normpath(osp.join(self.folder, image['file_name'])) for image in self.images]

    @property
    def sizes(self) -> np.ndarray:
        """(N, 2), width and height of each box's image in pixels."""
        return self.image_sizes[self.owner]

    @cached_property
    def _labels(self) -> dict:
        places = {name: place for place, name in enumerate(self.classes)}
        return {entry['id']: places[entry['name']]
                for entry in readable_entries(self.data['categories'], 'categories')
                if entry['name'] in places}


def readable_entries(entries: Sequence, section: str) -> list[dict]:
    """The entries that have an id, if the section needs one, and the fields that matter here."""
    rules = [(name, FIELDS[section][name].rule) for name in _NEEDED[section]]
    return [entry for entry in entries if isinstance(entry, dict)
            and (section == 'annotations' or is_id(entry.get('id')))
            and all(name in entry and rule([entry[name]]) for name, rule in rules)]
