"""Pictures of what is right and wrong."""
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fcos_mm.evaluation.error_kinds import DUPLICATE, KINDS
from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.inputs import ReportInputs
from fcos_mm.report.picture import picture
from fcos_mm.report.results import Results

_MOST = 10  # pictures of a gallery
_SEED = 0


class Choice(NamedTuple):
    """Why a picture is in a gallery: the image, and what is special there."""

    image: int
    caption: str = ''


def pictures(inputs: ReportInputs) -> Chapter:
    """Galleries of at most ten pictures, at the best threshold for all classes together.

    A box is missed here if no right detection is shown for it. A gallery has an image once.
    """
    results = inputs.results
    return Chapter('pictures', 'Pictures', {
        'threshold': results.best_f1.overall.threshold,
        'galleries': {choose.__name__: [
            _picture(results, choice) for choice in _one_of_each_image(choose(results))[:_MOST]]
            for choose in GALLERIES}}, 'report/pictures.html')


def worst(results: Results) -> list[Choice]:
    """Most wrong detections and missed boxes, for the number of boxes plus one."""
    faults = sum(_count(results, part.images[which]) for part, which in (
        (results.found, results.shown & ~results.right), (results.truth, results.missed)))
    share = faults / (1 + _count(results, results.truth.images[~results.truth.crowd]))
    return [Choice(image) for image in np.argsort(-share, kind='stable').tolist() if share[image]]


def confident(results: Results) -> list[Choice]:
    """Wrong detections, the highest score first."""
    return _by_score(results, results.shown & ~results.right)


def missed(results: Results) -> list[Choice]:
    """Missed boxes, those first that a detection shown overlaps least, the larger of equal ones."""
    truth, overlaps = results.truth, results.overlaps
    largest = np.zeros(len(truth.labels))
    shown = results.shown[overlaps.found]
    np.maximum.at(largest, overlaps.known[shown], overlaps.ious[shown])
    areas = np.prod(truth.boxes[:, 2:] - truth.boxes[:, :2], axis=1)
    places = np.flatnonzero(results.missed)
    return [Choice(int(truth.images[box]),
                   f'{results.classes[truth.labels[box]]}, largest IoU {largest[box]:.2f}; ')
            for box in places[np.lexsort((-areas[places], largest[places]))].tolist()]


def duplicates(results: Results) -> list[Choice]:
    """Detections of a box that has one, the highest score first."""
    return _by_score(results, results.shown & (results.errors.kinds == DUPLICATE))


def sample(results: Results) -> list[Choice]:
    """Any images, the same in each report on the split."""
    order = np.random.default_rng(_SEED).permutation(len(results.images))
    return [Choice(image) for image in order.tolist()]


#: Each lists images in the order in which they are shown.
GALLERIES: tuple[Callable[[Results], list[Choice]], ...] = (
    worst, confident, missed, duplicates, sample)


def _by_score(results: Results, which: np.ndarray) -> list[Choice]:
    found = results.found
    return [Choice(int(found.images[place]),
                   f'{results.classes[found.labels[place]]} {found.scores[place]:.2f}, '
                   f'{KINDS[results.errors.kinds[place]]}; ')
            for place in results.order[which[results.order]].tolist()]


def _count(results: Results, images: np.ndarray) -> np.ndarray:
    return np.bincount(images, minlength=len(results.images))


def _one_of_each_image(choices: list[Choice]) -> list[Choice]:
    """The first choice of each image."""
    first: dict[int, Choice] = {}
    for choice in choices:
        first.setdefault(choice.image, choice)
    return list(first.values())


def _picture(results: Results, choice: Choice) -> dict:
    missed, truth = results.missed, results.truth
    boxes = {box: 'other' if truth.crowd[box] else 'missed' if missed[box] else 'truth'
             for box in np.flatnonzero(truth.images == choice.image).tolist()}
    here = np.flatnonzero(results.shown & (results.found.images == choice.image)).tolist()
    detections = {place: 'right' if results.right[place] else 'wrong' for place in here}
    count = Counter([*boxes.values(), *detections.values()])
    total = count['truth'] + count['missed']
    return picture(results, choice.image, (
        f'{choice.caption}{total} {"box" if total == 1 else "boxes"}, {count["right"]} right, '
        f'{count["wrong"]} wrong, {count["missed"]} missed'), boxes, detections)
