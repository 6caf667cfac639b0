"""Mend splits in memory, and write them."""
import copy
import os.path as osp
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from fcos_mm.datasets.converters.coco import write_json
from fcos_mm.datasets.mending import boxes, entries
from fcos_mm.datasets.mending.state import Mending, Surroundings
from fcos_mm.datasets.problems.copies import group_copies
from fcos_mm.datasets.problems.pictures import Picture
from fcos_mm.datasets.statistics.split import LabelledSplit, readable_entries
from fcos_mm.errors import UserError
from fcos_mm.faults import counted_kind, first_few

#: What is mended, in this order: the text completes ``3 ...``. Sizes come before
#: boxes, which are judged by them; boxes are cut before those without area are dropped.
MENDINGS: dict[str, Mending] = {
    'unreadable entries dropped': entries.broken_entries,
    'annotations renumbered': entries.annotation_ids,
    'annotations completed': entries.missing_fields,
    'images without a readable file dropped': entries.lost_pictures,
    'images dropped that are also in another split': entries.leaks,
    'image sizes corrected': boxes.wrong_sizes,
    'boxes converted to x, y, width, height in pixels': boxes.box_form,
    'boxes clipped to their image': boxes.clip,
    'boxes without area or outside their image dropped': boxes.without_area,
    'repeated boxes dropped': boxes.repeated,
}


class Change(NamedTuple):
    """What a mending changed in a split: a text that completes ``3 ...``, and a line for each."""

    split: str
    what: str
    cases: Sequence[str]

    def __str__(self) -> str:
        shown = first_few(self.cases, 3, '\n    ')
        return f'{self.split}: {counted_kind(len(self.cases), self.what)}:\n    {shown}'


def mend(splits: Sequence[LabelledSplit], pictures: Mapping[str, Picture]
         ) -> tuple[list[LabelledSplit], list[Change]]:
    """Mend copies of the splits; those given stay as they are.

    Returns:
        The mended splits and what was changed. Mended once more, nothing changes.
    """
    copies = group_copies(pictures)
    tests = [split for split in splits if not is_train(split)]
    done = [_mend_one(split, Surroundings(pictures, copies, tests if is_train(split) else ()))
            for split in splits]
    return [split for split, _ in done], [change for _, changes in done for change in changes]


def is_train(split: LabelledSplit) -> bool:
    """Whether a split is to learn from."""
    return split.name.startswith('train')


def _mend_one(split: LabelledSplit, around: Surroundings
              ) -> tuple[LabelledSplit, list[Change]]:
    names = [entry['name'] for entry in readable_entries(split.data['categories'], 'categories')]
    mended = replace(split, data=copy.deepcopy(split.data), classes=[*dict.fromkeys(names)])
    changes = [Change(split.name, what, cases) for what, cases in split.faults.items()]
    for what, mending in MENDINGS.items():
        mended = replace(mended)  # without what was computed before
        cases = mending(mended, around)
        if cases:
            changes.append(Change(split.name, what, cases))
    return replace(mended, classes=split.classes, faults={}), changes


def mended_files(splits: Sequence[LabelledSplit], out: str) -> list[str]:
    """The annotation files to write: ``OUT.json``, or of several splits ``OUT_train.json`` etc.

    Raises:
        UserError: If ``out`` is not the name of a JSON file.
    """
    stem, ending = osp.splitext(out)
    if ending.lower() != '.json':
        raise UserError(f'--fix {out}: the file name must end in .json.')
    return [f'{stem}_{split.name}{ending}' if len(splits) > 1 else out for split in splits]


def write_mended(splits: Sequence[LabelledSplit], out: str) -> list[str]:
    """Write the annotation files; returns their names.

    File names of images become relative to the folder of ``out``, unless it is the source's.

    Raises:
        UserError: If one cannot be written, or would have no image.
    """
    for split in splits:
        if not split.data['images']:
            raise UserError(f'--fix: {split.name} would have no images left; nothing was written.\n'
                            f'Check that {split.folder} is the folder of the images.')
    paths = mended_files(splits, out)
    for split, path in zip(splits, paths, strict=True):
        write_json(path, _placed(split, osp.dirname(osp.abspath(out))))
    return paths


def _placed(split: LabelledSplit, folder: str) -> dict:
    """The data with file names as seen from a folder."""
    if osp.realpath(osp.dirname(split.ann_file)) == osp.realpath(folder):
        return split.data
    base = osp.relpath(osp.abspath(split.folder), folder)
    return dict(split.data, images=[
        dict(image, file_name=osp.normpath(osp.join(base, image['file_name'])))
        for image in split.data['images']])
