"""Problems of classes."""
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from fcos_mm.datasets.problems.problem import Case, Problem
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.datasets.statistics.summary import class_counts
from fcos_mm.faults import EXAMPLES, counted

_FEW = 20  # boxes
_RARE = 0.01  # of the boxes of the most frequent class


def class_problems(splits: Sequence[LabelledSplit]) -> Iterator[Problem | None]:
    """All problems of classes; the first split is the one to learn from."""
    classes = splits[0].classes
    boxes = [[each['boxes'] for each in class_counts(split)] for split in splits]
    for split, numbers in zip(splits, boxes):
        elsewhere = [sum(column) - own for column, own in zip(zip(*boxes), numbers)]
        yield _problem('no_boxes', split.name, classes, [
            (name, f'{counted(rest, "box", "boxes")} elsewhere')
            for name, own, rest in zip(classes, numbers, elsewhere) if not own], other=split.name)
    learned, most = splits[0].name, max(boxes[0], default=0)
    yield _problem('few_boxes', learned, classes, [
        (name, counted(number, 'box', 'boxes'))
        for name, number in zip(classes, boxes[0]) if 0 < number < _FEW])
    yield _problem('imbalance', learned, classes, [
        (name, f'{number:,} boxes of {most:,}')
        for name, number in zip(classes, boxes[0]) if _FEW <= number < _RARE * most])
    yield _problem('similar_names', ', '.join(split.name for split in splits), classes, [
        (name, f'like {first!r}') for first, *others in _alike(classes) for name in others])


def _problem(kind: str, split: str, classes: Sequence[str], found: Sequence[tuple[str, str]],
             **values) -> Problem | None:
    cases = [Case(f'{name}: {text}') for name, text in found[:EXAMPLES]]
    return Problem(kind, split, len(found), cases, len(classes), values) if found else None


def _alike(classes: Sequence[str]) -> list[list[str]]:
    """Groups of names that are equal without case, blanks and punctuation."""
    groups = defaultdict(list)
    for name in classes:
        groups[re.sub(r'[\W_]+', '', name.casefold()) or name].append(name)
    return [names for names in groups.values() if len(names) > 1]
