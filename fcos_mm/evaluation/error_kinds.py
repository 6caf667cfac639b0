"""What is wrong with each detection, and the AP that each kind of error costs.

The kinds are those of Bolya et al., "TIDE: A General Toolbox for Identifying Object Detection
Errors" (ECCV 2020). A detection without a box of its own, by its largest IoU with a box:

==========  ====================  ===============================================================
kind        largest IoU           meaning
==========  ====================  ===============================================================
class       other class >= 0.5    right place, wrong class
place       same class 0.1..0.5   right class, too far off
both        other class 0.1..0.5  wrong class, and too far off
duplicate   same class >= 0.5     a detection with a higher score has the box
background  all < 0.1             nothing is there
missed      (a box)               not found, and no error of class or place is about it
==========  ====================  ===============================================================

A detection has one kind. Where several fit, the first of these counts: place, class, duplicate,
background, both. The largest IoU is taken over all boxes of that class, found or not, and of
equal ones the first box. Crowds are not boxes: the detections in them have no kind.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fcos_mm.evaluation.average_precision import average_precision
from fcos_mm.evaluation.matcher import Pairs, in_crowd

#: All kinds; those of detections are all but the last.
KINDS = ('class', 'place', 'both', 'duplicate', 'background', 'missed')
CLASS, PLACE, BOTH, DUPLICATE, BACKGROUND = range(5)
RIGHT, IN_CROWD = -1, -2  # of detections that are not wrong

FOREGROUND_IOU, BACKGROUND_IOU = 0.5, 0.1


class Found(Protocol):
    """Detections: boxes (D, 4) as (x0, y0, x1, y1) in pixels, scores, labels, images (D,)."""

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    images: np.ndarray


class Truth(Protocol):
    """Annotated boxes (G, 4), their labels and images (G,), and which are crowds (G,)."""

    boxes: np.ndarray
    labels: np.ndarray
    images: np.ndarray
    crowd: np.ndarray


@dataclass(frozen=True)
class ErrorKinds:
    """The kind of each detection, and the box it is about.

    Attributes:
        kinds: (D,) places in ``KINDS``, or RIGHT, or IN_CROWD.
        targets: (D,) the box that a detection has found, or that is nearest to an error: of the
            same class for place and duplicate, of another for class and both; -1 for background.
        countable: (G,) the boxes that are no crowds.
    """

    kinds: np.ndarray
    targets: np.ndarray
    countable: np.ndarray

    def missed(self, shown: np.ndarray | None = None) -> np.ndarray:
        """Which boxes (G,) are missed.

        Args:
            shown: (D,) the detections that count; None: all.
        """
        about = np.isin(self.kinds, (RIGHT, CLASS, PLACE))
        missed = self.countable.copy()
        missed[self.targets[about if shown is None else about & shown]] = False
        return missed


@dataclass(frozen=True)
class ApCosts:
    """AP at an IoU of 0.5, and what the errors take from it; nan without boxes.

    Attributes:
        ap: Averaged over the classes that have boxes, as COCO's AP50.
        kinds: Kind -> how much higher AP is if this kind alone is put right. They do not add up
            to 1 - AP.
        false_positives: The same if all wrong detections were gone.
        false_negatives: The same if only the boxes that were found were there.
    """

    ap: float
    kinds: Mapping[str, float]
    false_positives: float
    false_negatives: float


def error_kinds(found: Found, truth: Truth, matched: np.ndarray, overlaps: Pairs) -> ErrorKinds:
    """Tell what is wrong with each detection.

    Args:
        found: The detections.
        truth: The boxes to find.
        matched: (D,) the box that each detection has, crowds too, or -1: what
            :func:`fcos_mm.evaluation.matcher.match` returns at an IoU of 0.5.
        overlaps: All pairs of a detection and a box of its image that overlap, of any classes;
            those with crowds do not matter.
    """
    same = found.labels[overlaps.found] == truth.labels[overlaps.known]
    box = ~truth.crowd[overlaps.known]
    own, own_box = nearest(overlaps, same & box, len(matched))
    other, other_box = nearest(overlaps, ~same & box, len(matched))
    has_box = matched >= 0
    kinds = np.select(
        [in_crowd(matched, truth.crowd), has_box, (own >= BACKGROUND_IOU) & (own < FOREGROUND_IOU),
         other >= FOREGROUND_IOU, own >= FOREGROUND_IOU, other < BACKGROUND_IOU],
        [IN_CROWD, RIGHT, PLACE, CLASS, DUPLICATE, BACKGROUND], BOTH)
    targets = np.where(np.isin(kinds, (CLASS, BOTH)), other_box, own_box)
    return ErrorKinds(kinds, np.where(has_box, matched, targets), ~truth.crowd)


def ap_costs(found: Found, truth: Truth, errors: ErrorKinds, order: np.ndarray,
             classes: int) -> ApCosts:
    """The AP that each kind costs: what it is with this kind put right, less what it is.

    Put right, an error of class gets the label of its box, an error of place its corners. It is
    then right if the box has no detection; of several the first in the order. All others of this
    kind go, as do the detections of each other kind. Missed boxes are put right by not counting
    them. A class of which no box remains is left out of the average.

    Args:
        found: The detections.
        truth: The boxes to find.
        errors: Their kinds.
        order: (D,) the detections by falling score.
        classes: How many.
    """
    right = errors.kinds == RIGHT
    counted = errors.kinds != IN_CROWD

    def mean_ap(labels=found.labels, right=right, kept=counted, boxes=errors.countable) -> float:
        kept = order[kept[order]]
        return _mean_ap(found.scores[kept], labels[kept], right[kept],
                        np.bincount(truth.labels[boxes], minlength=classes))

    ap, costs = mean_ap(), {}
    for kind in (CLASS, PLACE, BOTH, DUPLICATE, BACKGROUND):
        mended = _mended(errors, kind, order)
        labels = found.labels.copy()
        labels[mended] = truth.labels[errors.targets[mended]]
        kept = counted & ((errors.kinds != kind) | mended)
        costs[KINDS[kind]] = mean_ap(labels, right | mended, kept) - ap
    costs['missed'] = mean_ap(boxes=errors.countable & ~errors.missed()) - ap
    had = np.zeros_like(errors.countable)
    had[errors.targets[right]] = True
    return ApCosts(ap, costs, mean_ap(kept=right) - ap, mean_ap(boxes=had) - ap)


def nearest(overlaps: Pairs, which: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The box that each detection overlaps most, the first of equal ones.

    Args:
        overlaps: Pairs of detections and boxes (N,).
        which: (N,) the pairs that count.
        count: How many detections there are.

    Returns:
        IoU and box, (count,) each; 0 and -1 for a detection without a pair.
    """
    detections, boxes, ious = (column[which] for column in overlaps)
    order = np.lexsort((boxes, -ious, detections))
    found, first = np.unique(detections[order], return_index=True)
    largest, box = np.zeros(count), np.full(count, -1)
    largest[found], box[found] = ious[order[first]], boxes[order[first]]
    return largest, box


def _mended(errors: ErrorKinds, kind: int, order: np.ndarray) -> np.ndarray:
    """Which errors (D,) of class or place are right once they are corrected."""
    mended = np.zeros(len(order), dtype=bool)
    if kind in (CLASS, PLACE):
        taken = errors.targets[errors.kinds == RIGHT]
        free = (errors.kinds == kind) & ~np.isin(errors.targets, taken)
        places = order[free[order]]
        mended[places[np.unique(errors.targets[places], return_index=True)[1]]] = True
    return mended


def _mean_ap(scores: np.ndarray, labels: np.ndarray, right: np.ndarray,
             boxes: np.ndarray) -> float:
    """AP averaged over the classes with boxes; ``boxes`` (C,) is how many each has."""
    order = np.argsort(labels, kind='stable')
    ends = np.searchsorted(labels[order], np.arange(1, len(boxes)))
    precisions = [average_precision(scores[part], right[part], int(count))
                  for part, count in zip(np.split(order, ends), boxes) if count]
    return float(np.mean(precisions)) if precisions else float('nan')
