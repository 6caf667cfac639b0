"""Copies of images, within a split and in two."""
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from fcos_mm.datasets.problems.pictures import Picture
from fcos_mm.datasets.problems.problem import Problem, image_case
from fcos_mm.datasets.sources.duplicates import are_alike, find_copies
from fcos_mm.datasets.statistics.split import LabelledSplit
from fcos_mm.faults import EXAMPLES


class Copies(NamedTuple):
    """Group numbers of the readable files: images of a group are copies.

    Attributes:
        exact: By path, copies byte for byte.
        near: By path, near copies too.
        alike: Number of images in the largest group of near copies, if they are so many that
            ``near`` is not to be used and is ``exact``; else 0.
    """

    exact: dict[str, int]
    near: dict[str, int]
    alike: int = 0


def group_copies(pictures: Mapping[str, Picture]) -> Copies:
    """Find the copies among the files that were read."""
    paths = [path for path, picture in pictures.items()
             if picture.print is not None and not picture.is_broken]
    if not paths:
        return Copies({}, {})
    exact, near = find_copies(paths, [pictures[path].print for path in paths])
    alike = int(np.bincount(near).max()) if are_alike(near) and len(paths) > 2 else 0
    chosen = exact if alike else near
    return Copies(dict(zip(paths, exact.tolist())), dict(zip(paths, chosen.tolist())), alike)


def copy_problems(splits: Sequence[LabelledSplit], copies: Copies) -> Iterator[Problem]:
    """Copies within each split, and of each in the later ones."""
    if copies.alike:
        yield Problem('alike', ', '.join(split.name for split in splits), copies.alike,
                      total=len(copies.exact))
    for number, split in enumerate(splits):
        exact = _repeated(split, copies.exact)
        yield from _problem('copies', split, exact, split)
        near = {place: first for place, first in _repeated(split, copies.near).items()
                if place not in exact}
        yield from _problem('near_copies', split, near, split)
        for other in splits[number + 1:]:
            leaks = leaked(split, other, copies.exact)
            yield from _problem('leak_copy', split, leaks, other)
            leaks = {place: twin for place, twin in leaked(split, other, copies.near).items()
                     if place not in leaks}
            yield from _problem('leak_near', split, leaks, other)


def leaked(split: LabelledSplit, other: LabelledSplit, groups: Mapping[str, int]
           ) -> dict[int, int]:
    """Places of a split's images that have a copy in another split, and the copy's place there."""
    there = {groups[path]: place for place, path in enumerate(other.paths) if path in groups}
    return {place: there[groups[path]] for place, path in enumerate(split.paths)
            if groups.get(path) in there}


def _repeated(split: LabelledSplit, groups: Mapping[str, int]) -> dict[int, int]:
    """Places of the images that are copies of an earlier file, and the place of the first."""
    first: dict[int, int] = {}
    found = {}
    for place, path in enumerate(split.paths):
        earlier = first.setdefault(groups.get(path, -1 - place), place)
        if split.paths[earlier] != path:
            found[place] = earlier
    return found


def _problem(kind: str, split: LabelledSplit, found: Mapping[int, int], other: LabelledSplit
             ) -> Iterator[Problem]:
    """The problem of images that are copies, by place, of images of another split or the same."""
    cases = [
        image_case(split, place, f"like {other.images[twin]['file_name']}")._replace(
            twin=image_case(other, twin, f'in {other.name}'))
        for place, twin in [*found.items()][:EXAMPLES]]
    if found:
        yield Problem(kind, split.name, len(found), cases, len(split.images),
                      dict(other=other.name))
