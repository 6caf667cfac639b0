"""What a recognised dataset is: a source with splits that can be read."""
import os.path as osp
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fcos_mm.errors import UserError
from fcos_mm.faults import first_few

_WORDS = {
    'trainval': 'train[_-]?val(?:id)?', 'train': 'train(?:ing)?',
    'val': '(?:mini)?val(?:id(?:ation)?)?', 'test': 'test(?:ing)?'}
_SPLIT = re.compile('(?<![a-z])(?:' + '|'.join(
    f'(?P<{split}>{words})' for split, words in _WORDS.items()) + ')(?![a-z])')


@dataclass
class Content:
    """What one split holds.

    Attributes:
        data: In COCO's format, checked.
        images: Absolute folder that the names of the images are relative to.
        ann_file: The file that says just this; None if there is none.
        notes: What was put right or left out, each one line.
        faults: What a converter left out or changed: kind and cases.
    """
    data: dict
    images: str
    ann_file: str | None = None
    notes: list[str] = field(default_factory=list)
    faults: Mapping[str, list[str]] = field(default_factory=dict)

    def paths(self) -> list[str]:
        """The paths of the images."""
        return [osp.normpath(osp.join(self.images, image['file_name']))
                for image in self.data['images']]

    def part(self, chosen: Iterable[bool]) -> 'Content':
        """The images chosen, with their boxes."""
        images = [image for image, take in zip(self.data['images'], chosen, strict=True) if take]
        ids = {image['id'] for image in images}
        boxes = [box for box in self.data['annotations'] if box['image_id'] in ids]
        return Content(dict(self.data, images=images, annotations=boxes), self.images)


class Source(Protocol):
    """A dataset in a layout that was recognised.

    Attributes:
        root: Its folder.
        text: The layout in one line.
        splits: Names of the splits: 'train' and perhaps 'val' and 'test'.
        notes: What is not used, each one line.
    """
    root: str
    text: str
    splits: tuple[str, ...]
    notes: list[str]

    def files(self) -> Iterable[str]:
        """Its images and annotation files: if one changes, the data have changed."""

    def read(self, split: str) -> Content:
        """Read a split.

        Raises:
            UserError: If it cannot be used.
        """

    def as_written(self, split: str) -> Content:
        """Read a split that may have faults, to show or mend them.

        Raises:
            UserError: If it cannot be read at all.
        """


def split_word(name: str) -> str | None:
    """``'train'``, ``'val'``, ``'test'`` or ``'trainval'`` if a name says one of them."""
    found = _SPLIT.search(name.lower())
    return found.lastgroup if found else None


def by_split(names: Mapping[str, str], root: str, what: str) -> tuple[dict[str, str], list[str]]:
    """Decide which candidate is which split, by their names.

    The training set is what is called so, or else ``trainval``, or else the one whose name says
    nothing.

    Args:
        names: For each candidate the text that may name a split.
        what: What the candidates are, plural.

    Returns:
        The candidate of each split, and lines about those that are not used.

    Raises:
        UserError: If two candidates can be the same split, or none the training set.
    """
    groups = defaultdict(list)
    for candidate, name in names.items():
        groups[split_word(name)].append(candidate)
    train = next((groups[key] for key in ('train', 'trainval', None) if groups[key]), [])
    chosen = dict(train=train, val=groups['val'], test=groups['test'])
    for split, candidates in chosen.items():
        if len(candidates) > 1:
            raise UserError(f'{len(candidates)} {what} of {root} could be the {split} split: '
                            f'{first_few(candidates)}.\nGive one of them, or rename them: '
                            'train, val, test.')
    if not train:
        raise UserError(f'{root} has no training set: its {what} are {first_few([*names])}.\n'
                        'Rename one of them to train, or give the one to train on.')
    found = {split: candidates[0] for split, candidates in chosen.items() if candidates}
    unused = [name for key, group in groups.items() for name in group
              if name not in found.values() and not (key == 'trainval' and 'val' in found)]
    return found, [f'{what} not used: {first_few(unused)}'] if unused else []
