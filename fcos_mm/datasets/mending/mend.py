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
from fcos_mm.faults import first_few

#: What is mended, in this order: the text completes ``3 ...``. Sizes come before
#: boxes, which are judged by them; boxes are cut before those without area are dropped.
MENDINGS: dict[str, Mending] = {
    'entries that cannot be read dropped': entries.broken_entries,
    'annotations numbered anew': entries.annotation_ids,
    'images without a readable file dropped': entries.lost_pictures,
    'images dropped that another split has too': entries.leaks,
    'sizes of images corrected': boxes.wrong_sizes,
    'boxes converted to x, y, width, height in pixels': boxes.box_form,
    'boxes cut to their image': boxes.clip,
    'boxes without area or outside their image dropped': boxes.without_area,
    'repeated boxes dropped': boxes.repeated,
    'annotations completed': entries.missing_fields,
}


class Change(NamedTuple):
    """What a mending changed in a split: a text that completes ``3 ...``, and a line for each."""

    split: str
    what: str
    cases: Sequence[str]

    def __str__(self) -> str:
        shown = first_few(self.cases, 3, '\n    ')
        return f'{self.split}: {len(self.cases):,} {self.what}:\n    {shown}'


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


def write_mended(splits: Sequence[LabelledSplit], out: str, inputs: Sequence[str]) -> list[str]:
    """Write the annotation files: ``OUT.json``, or for several splits ``OUT_train.json`` etc.

    File names become relative to the folder of ``out``, unless it is that of the source.

    Args:
        inputs: Files that must stay as they are.

    Returns:
        The files.

    Raises:
        UserError: If one is an input, or cannot be written.
    """
    stem, ending = osp.splitext(out)
    if ending.lower() != '.json':
        raise UserError(f'--fix {out}: give the name of a file that ends in .json.')
    paths = {split.name: f'{stem}_{split.name}{ending}' if len(splits) > 1 else out
             for split in splits}
    sources = {osp.realpath(path) for path in inputs}
    for path in paths.values():
        if osp.realpath(path) in sources:
            raise UserError(f'--fix would overwrite {path}, which is part of the data.\n'
                            'Give another name.')
    for split in splits:
        write_json(paths[split.name], _placed(split, osp.dirname(osp.abspath(out))))
    return [*paths.values()]


def _placed(split: LabelledSplit, folder: str) -> dict:
    """The data with file names as seen from a folder."""
    if osp.realpath(osp.dirname(split.ann_file)) == osp.realpath(folder):
        return split.data
    base = osp.relpath(osp.abspath(split.folder), folder)
    return dict(split.data, images=[
        dict(image, file_name=osp.normpath(osp.join(base, image['file_name'])))
        for image in split.data['images']])
