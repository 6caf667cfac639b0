"""A problem with its first cases, and how one is made of masks of boxes or images."""
from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any, NamedTuple

import numpy as np

from fcos_mm.datasets.problems.kinds import KINDS, Kind
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.faults import EXAMPLES, counted, counted_kind

#: Words of the kinds' texts, as they are where one case is at fault.
_OF_ONE = {'are': 'is', 'have': 'has', 'lie': 'lies', 'extend': 'extends', 'repeat': 'repeats',
           'leave': 'leaves', 'fit': 'fits', 'cover': 'covers',
           'differ': 'differs', 'their': 'its'}


class Case(NamedTuple):
    """One case of a problem.

    Attributes:
        text: The file, the annotation and what it is, for a reader.
        path: The image; empty where there is none to show.
        size: Its width and height as annotated, in pixels.
        boxes: Of the image those at fault, (x0, y0, x1, y1) in pixels, with a label.
        twin: What it is to be compared with.
    """

    text: str
    path: str = ''
    size: tuple[float, float] = (0, 0)
    boxes: tuple[tuple[tuple[float, ...], str], ...] = ()
    twin: 'Case | None' = None


@dataclass(frozen=True)
class Problem:
    """A kind of problem in a split.

    Attributes:
        kind: A key of ``KINDS``.
        split: The split, or several.
        count: Number of cases.
        cases: The first of them.
        total: Number of boxes, images or classes there are.
        values: What the kind's text leaves open; ``title`` and ``meaning`` for a text of its own.
    """

    kind: str
    split: str
    count: int
    cases: Sequence[Case] = ()
    total: int | None = None
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> Kind:
        """Level, meaning and remedy."""
        kind = KINDS[self.kind]
        return kind._replace(**{name: self.values[name] for name in ('meaning', 'remedy')
                                if name in self.values})

    @property
    def title(self) -> str:
        """``3 of 9 boxes have no area``."""
        if 'title' in self.values:
            return self.values['title']
        noun, _, rest = KINDS[self.kind].what.partition(' ')
        if self.count == 1:
            rest = ' '.join(_OF_ONE.get(word, word) for word in rest.split(' '))
        rest = rest.format(**self.values)
        if self.total is None:
            return counted_kind(self.count, f'{noun} {rest}')
        return f'{self.count:,} of {self.total:,} {noun} {rest}'


def box_problem(kind: str, split: LabelledSplit, wrong: np.ndarray, **values) -> Problem | None:
    """The problem of the boxes (N,) that are wrong; None if none is."""
    places = np.flatnonzero(wrong)
    return Problem(kind, split.name, len(places), [box_case(split, at) for at in places[:EXAMPLES]],
                   len(wrong), values) if len(places) else None


def image_problem(kind: str, split: LabelledSplit, wrong: dict[int, str], **values
                  ) -> Problem | None:
    """The problem of some images, by place with a text each; None if there are none."""
    cases = [image_case(split, place, text) for place, text in [*wrong.items()][:EXAMPLES]]
    return Problem(kind, split.name, len(wrong), cases, len(split.images),
                   values) if wrong else None


def box_case(split: LabelledSplit, index: int) -> Case:
    """A case of one box."""
    entry, image = split.annotations[index], split.images[split.owner[index]]
    name = split.classes[split.labels[index]]
    text = (f"{image['file_name']} ({image['width']} x {image['height']}): annotation "
            f"{entry.get('id')}, {name}, {entry['bbox']}")
    return Case(text, split.paths[split.owner[index]], (image['width'], image['height']),
                ((_corners(entry['bbox']), name), ))


def image_case(split: LabelledSplit, place: int, text: str = '') -> Case:
    """A case of an image, with all its boxes."""
    image = split.images[place]
    boxes = tuple((_corners(split.annotations[index]['bbox']), split.classes[split.labels[index]])
                  for index in split.boxes_of[place])
    name = f"{image['file_name']}: {text}" if text else image['file_name']
    return Case(name, split.paths[place], (image['width'], image['height']), boxes)


def as_lines(problem: Problem, cases: int = 3) -> list[str]:
    """A problem for the screen."""
    level, _, meaning, remedy = problem.about
    lines = [f'{level}: {problem.split}: {problem.title}',
             *(f'    {case.text}' for case in problem.cases[:cases])]
    if problem.count > cases and problem.cases:
        lines.append(f'    and {counted(problem.count - len(problem.cases[:cases]), "more case")}')
    return [*lines, *wrap(f'{meaning} {remedy}'.strip(), 100, initial_indent='  ',
                          subsequent_indent='  ')]


def _corners(box: Sequence[float]) -> tuple[float, ...]:
    x, y, width, height = box
    return x, y, x + width, y + height
