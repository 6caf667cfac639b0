"""All problems of a dataset."""
import os.path as osp
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fcos_mm.datasets.coco_format import DATASET, coco_faults
from fcos_mm.datasets.converters.coco import BoxCase
from fcos_mm.datasets.problems.boxes import box_problems
from fcos_mm.datasets.problems.classes import class_problems
from fcos_mm.datasets.problems.copies import copy_problems, group_copies
from fcos_mm.datasets.problems.images import image_problems, unlisted
from fcos_mm.datasets.problems.kinds import KINDS, LEVELS
from fcos_mm.datasets.problems.pictures import Picture
from fcos_mm.datasets.problems.problem import Case, Problem, box_problem
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.faults import EXAMPLES, counted_kind

#: Without the fields that training adds.
_NEEDS = {**DATASET, 'annotations': ('image_id', 'category_id', 'bbox')}
_OF_IDS = re.compile('(the )?id .*annotations')
_ORDER = {kind: place for place, kind in enumerate(KINDS)}


def find_problems(splits: Sequence[LabelledSplit], pictures: Mapping[str, Picture]
                  ) -> list[Problem]:
    """Find what is wrong, the worst first.

    Args:
        splits: The one to learn from comes first.
        pictures: From :func:`fcos_mm.datasets.problems.pictures.read_pictures`.
    """
    return in_order([problem for problem in _all(splits, pictures) if problem is not None])


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """Errors, warnings, notes; each in the order of the kinds."""
    return sorted(problems, key=lambda problem: (
        LEVELS.index(problem.about.level), _ORDER[problem.kind]))


def _all(splits: Sequence[LabelledSplit], pictures: Mapping[str, Picture]
         ) -> Iterator[Problem | None]:
    for split in splits:
        yield from _format(split)
        yield from _conversion(split)
        yield from image_problems(split, pictures)
        yield from box_problems(split)
    yield from copy_problems(splits, group_copies(pictures))
    yield from unlisted(splits)
    yield from class_problems(splits)


def _format(split: LabelledSplit) -> Iterator[Problem | None]:
    """Entries that are not as COCO's format has them, and ids."""
    for _, message in coco_faults(split.data, split.ann_file, _NEEDS):
        message = message.removeprefix(f'{split.ann_file}: ')
        if not _OF_IDS.match(message):
            yield message_problem('format', split.name, message)
    ids = [str(box.get('id')) for box in split.annotations]
    times = Counter(ids)
    yield box_problem('ids', split, np.array([each == 'None' or times[each] > 1 for each in ids]))
    yield box_problem('id_zero', split, np.array([each == '0' for each in ids]))


def message_problem(kind: str, split: str, message: str) -> Problem:
    """A problem that is told by a message: a headline, perhaps cases, the remedy."""
    title, *lines = message.splitlines()
    cases = [Case(line.strip()) for line in lines if line.startswith('  ')]
    rest = ' '.join(line for line in lines if not line.startswith('  '))
    return Problem(kind, split, len(cases), cases, values=dict(
        title=title.rstrip(':'), meaning='', remedy=rest))


def _conversion(split: LabelledSplit) -> Iterator[Problem]:
    for what, cases in split.faults.items():
        yield Problem('conversion', split.name, len(cases), [
            _conversion_case(split, case) for case in cases[:EXAMPLES]],
            values=dict(title=counted_kind(len(cases), what)))


def _conversion_case(split: LabelledSplit, case: str) -> Case:
    if not isinstance(case, BoxCase):
        return Case(case)
    path = osp.normpath(osp.join(split.folder, case.image['file_name']))
    return Case(case, path, (case.image['width'], case.image['height']), ((case.box, case.name), ))
