"""Which pictures got better and which got worse."""
import numpy as np
from scipy.stats import binomtest

from fcos_mm.pages.chapter import Chapter
from fcos_mm.report.comparison.side import Side
from fcos_mm.report.picture import picture
from fcos_mm.report.results import Results

_MOST = 10


def pictures(a: Side, b: Side) -> Chapter | None:
    """The pictures with most mistakes more or less; None unless both runs kept their detections.

    A mistake is a wrong detection or a missed box, at an IoU of 0.5 and at the score threshold
    with the best F1 of the run itself. ``chance`` is the p-value of a two-sided sign test: how
    likely such a split into better and worse pictures is between two equally good runs.
    """
    if a.results is None or b.results is None:
        return None
    before, after = mistakes(a.results), mistakes(b.results)
    fewer = before.sum(1) - after.sum(1)
    order = np.argsort(-fewer, kind='stable')
    better, worse = order[fewer[order] > 0], order[::-1][fewer[order[::-1]] < 0]
    changed = len(better) + len(worse)
    return Chapter('pictures', 'Pictures', {
        'better': len(better), 'worse': len(worse), 'same': len(fewer) - changed,
        'mistakes': {'a': int(before.sum()), 'b': int(after.sum())},
        'chance': float(binomtest(len(better), changed).pvalue) if changed else None,
        'galleries': {name: [
            _picture(a.results, b.results, image,
                     f'{_words(before[image])} in A, {_words(after[image])} in B')
            for image in which[:_MOST].tolist()]
            for name, which in (('better', better), ('worse', worse))}},
        'report/compare_pictures.html')


def mistakes(results: Results) -> np.ndarray:
    """Wrong detections and missed boxes of each image, (N, 2)."""
    wrong = results.found.images[results.shown & ~results.right]
    missed = results.truth.images[results.missed]
    return np.stack([np.bincount(images, minlength=len(results.images))
                     for images in (wrong, missed)], axis=1)


def _words(counts: np.ndarray) -> str:
    return f'{counts[0]} wrong and {counts[1]} missed'


def _picture(a: Results, b: Results, image: int, caption: str) -> dict:
    """A picture with three panels: what A and B found and missed, and what is annotated."""
    boxes = {box: 'other' if a.truth.crowd[box] else 'truth'
             for box in np.flatnonzero(a.truth.images == image).tolist()}
    drawn = picture(a, image, caption, boxes, {})
    annotated = drawn['panels'][0]
    return {**drawn, 'panels': [_panel(a, image, 'A'), _panel(b, image, 'B'), annotated]}


def _panel(results: Results, image: int, title: str) -> dict:
    missed = np.flatnonzero(results.missed & (results.truth.images == image)).tolist()
    found = np.flatnonzero(results.shown & (results.found.images == image)).tolist()
    panels = picture(results, image, '', dict.fromkeys(missed, 'missed'), {
        place: 'right' if results.right[place] else 'wrong' for place in found})['panels']
    return {'title': title, 'boxes': [box for panel in panels for box in panel['boxes']]}
