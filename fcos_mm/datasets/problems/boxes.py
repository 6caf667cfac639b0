"""Problems of boxes."""
from collections.abc import Iterator

import numpy as np

from fcos_mm.datasets.box_form import PIXELS, other_form
from fcos_mm.datasets.checks.annotations import useless_boxes
from fcos_mm.datasets.problems.problem import Problem, box_problem
from fcos_mm.datasets.statistics.histogram import box_sides
from fcos_mm.datasets.statistics.pairs import pair_ious, pairs_by_image
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.datasets.statistics.summary import HUGE, TINY

_SAME = 0.95  # IoU from which on two boxes mean one object


def box_problems(split: LabelledSplit) -> Iterator[Problem | None]:
    """All problems of boxes; boxes in another form have no others."""
    form = other_form(split.boxes, split.sizes) if len(split.boxes) else None
    if form is not None:
        fractions = form.names[0].startswith('normalized')
        kind = 'normalised' if fractions else 'other_form' if form.sure else 'maybe_other_form'
        wrong = np.ones(len(split.boxes), bool) if fractions else form.wrong
        yield box_problem(kind, split, wrong, form=str(form))
    if form is None or not form.sure:
        yield from _single(split)
        yield from _pairs(split)


def _single(split: LabelledSplit) -> Iterator[Problem | None]:
    """Problems of a box for itself."""
    boxes, sizes = split.boxes, split.sizes
    no_area, outside, thin = useless_boxes(boxes, sizes, split.areas).values()
    yield box_problem('no_area', split, no_area)
    yield box_problem('outside', split, outside)
    yield box_problem('thin', split, thin)
    useful = ~(no_area | outside | thin)
    excess = np.maximum(-boxes[:, :2], boxes[:, :2] + boxes[:, 2:] - sizes).max(1, initial=0)
    yield box_problem('beyond', split, useful & (excess > PIXELS))
    yield box_problem('tiny', split, useful & (box_sides(split) < TINY))
    yield box_problem('huge', split, useful & (boxes[:, 2:].prod(1) > HUGE * sizes.prod(1)))


def _pairs(split: LabelledSplit) -> Iterator[Problem | None]:
    """Boxes that are given twice. Crowds do not count."""
    boxes, labels = split.boxes, split.labels
    near, other = np.zeros((2, len(boxes)), bool)
    for first, second in pairs_by_image(np.where(split.crowd, -1 - np.arange(len(boxes)),
                                                 split.owner)):
        same = pair_ious(boxes[first], boxes[second]) > _SAME
        alike = labels[first] == labels[second]
        near[second[same & alike]] = True
        other[second[same & ~alike]] = True
    exact = repeats(split)
    yield box_problem('repeated', split, exact)
    yield box_problem('given_twice', split, near & ~exact)
    yield box_problem('two_classes', split, other & ~near & ~exact)


def repeats(split: LabelledSplit) -> np.ndarray:
    """(N,) bool: boxes equal to an earlier one of the same image, class and kind (crowd or not)."""
    rows = np.column_stack([split.owner, split.labels, split.crowd, split.boxes])
    first = np.unique(rows, axis=0, return_index=True)[1]
    return ~np.isin(np.arange(len(rows)), first)
