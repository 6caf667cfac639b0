"""Annotations that a detector contradicts: boxes that may be missing, wrong or there twice.

A detector that has learned a class from many pictures often knows better than a single label. Each
suspicion is a share of 0 to 1: how often it is right in like cases.

=============  ========================================  ==========================================
reason         what is the case                          how sure
=============  ========================================  ==========================================
missing box    a detection at or above the threshold     share of right detections among those with
               has no box of any class with IoU >= 0.3   this score or a higher one
wrong class    a detection at or above the threshold     the same
               has a box of another class, IoU >= 0.5,
               and none of its own, and no detection of
               the box's class with a higher score has
               found that box
no object      no detection of any class, of whatever    share of boxes of its class and size that
               score, has IoU >= 0.5 with the box        some detection has an IoU of 0.5 with;
                                                         listed above 0.5
double box     two boxes of an image, of any classes,    their IoU
               with IoU > 0.9
=============  ========================================  ==========================================

The share of right detections can only rise with the score here: of those at this score and at all
lower ones the largest counts, so that the fault itself does not speak for its label. Small, medium
and large are COCO's. A box is named once for a reason, by the detection with the highest score; so
is a missing one: a detection with an IoU of 0.3 with one that scores higher and has no box either
is left out. Crowds are left out.
"""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fcos_mm.datasets.statistics.summary import COCO_SIDES
from fcos_mm.evaluation.error_kinds import Found, Truth, nearest
from fcos_mm.evaluation.matcher import Pairs, in_crowd, overlapping, to_xywh

REASONS = ('missing box', 'wrong class', 'no object', 'double box')

EMPTY_IOU, SAME_PLACE_IOU, SAME_BOX_IOU = 0.3, 0.5, 0.9


class Suspect(NamedTuple):
    """A suspected fault.

    Attributes:
        reason: One of ``REASONS``.
        suspicion: 0 to 1.
        image: Place of the image.
        box: Place of the annotated box; -1 where one is missing.
        detection: Place of the detection that speaks against it, -1 for the last two reasons.
        other: Place of the second one of a double box, else -1.
    """

    reason: str
    suspicion: float
    image: int
    box: int = -1
    detection: int = -1
    other: int = -1


def label_suspects(found: Found, truth: Truth, matched: np.ndarray, overlaps: Pairs,
                   doubles: Pairs, threshold: float | None) -> list[Suspect]:
    """List suspected faults, the most suspicious first.

    Args:
        found: The detections.
        truth: The boxes.
        matched: (D,) the box that each detection has, or -1.
        overlaps: Pairs of detections and boxes of an image that overlap, of any classes.
        doubles: Pairs of boxes of an image that overlap.
        threshold: Only detections with at least this score speak against a label; None: none.
    """
    suspects = [*_no_object(truth, overlaps), *_double_boxes(truth, doubles)]
    if threshold is not None:
        suspects += _by_detections(found, truth, matched, overlaps, threshold)
    return sorted(suspects, key=lambda suspect: -suspect.suspicion)


def _by_detections(found: Found, truth: Truth, matched: np.ndarray, overlaps: Pairs,
                   threshold: float) -> list[Suspect]:
    """The boxes that are missing or of a wrong class, the higher score first."""
    same = found.labels[overlaps.found] == truth.labels[overlaps.known]
    count = len(found.scores)
    own, _ = nearest(overlaps, same, count)
    other, other_box = nearest(overlaps, ~same & ~truth.crowd[overlaps.known], count)
    has_box, trust = matched >= 0, _trust(found.scores, matched, truth.crowd)
    found_with = np.zeros(len(truth.labels) + 1)  # the score that has found a box, 0 without
    found_with[matched[has_box]] = found.scores[has_box]
    alone = ~has_box & (found.scores >= threshold)
    missing = alone & (np.maximum(own, other) < EMPTY_IOU)
    wrong = (alone & (own < SAME_PLACE_IOU) & (other >= SAME_PLACE_IOU)
             & (found.scores > found_with[other_box]))
    wrong = _one_of_each_box(np.flatnonzero(wrong), other_box, found.scores)
    places = np.concatenate([_one_of_each_place(np.flatnonzero(missing), found), wrong])
    boxes = np.where(missing, -1, other_box)
    return [Suspect('wrong class' if boxes[place] >= 0 else 'missing box', float(trust[place]),
                    int(found.images[place]), int(boxes[place]), place)
            for place in places[np.argsort(-found.scores[places], kind='stable')].tolist()]


def _one_of_each_box(places: np.ndarray, boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Of the detections at these places, the one with the highest score for each of the boxes."""
    places = places[np.argsort(-scores[places], kind='stable')]
    return places[np.unique(boxes[places], return_index=True)[1]]


def _one_of_each_place(places: np.ndarray, found: Found) -> np.ndarray:
    """The detections at these places without those that overlap one with a higher score."""
    places = places[np.argsort(-found.scores[places], kind='stable')]
    boxes, images = to_xywh(found.boxes[places]), found.images[places]
    first, second, _ = overlapping(boxes, images, boxes, images,
                                   np.zeros(len(places), dtype=bool), EMPTY_IOU)
    return np.delete(places, second[first < second])


def _trust(scores: np.ndarray, matched: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """How many of the detections with this score or a higher one are right, (D,), never falling."""
    counts = ~in_crowd(matched, crowd)
    order = np.argsort(-scores, kind='stable')
    hits, seen = np.cumsum((counts & (matched >= 0))[order]), np.cumsum(counts[order])
    precision = hits / np.maximum(seen, 1)
    trust = np.empty(len(scores))
    trust[order] = np.maximum.accumulate(precision[::-1])[::-1]
    return trust


def _no_object(truth: Truth, overlaps: Pairs) -> list[Suspect]:
    """The boxes that no detection covers, those that are farthest from any first."""
    if not len(overlaps.found):
        return []
    largest = np.zeros(len(truth.labels))
    np.maximum.at(largest, overlaps.known, overlaps.ious)
    areas = np.prod(truth.boxes[:, 2:] - truth.boxes[:, :2], axis=1)
    likes = truth.labels * 3 + np.searchsorted(np.square(COCO_SIDES), areas, side='right')
    covered, boxes = (np.bincount(likes[which], minlength=likes.max() + 1) for which in (
        ~truth.crowd & (largest >= SAME_PLACE_IOU), ~truth.crowd))
    shares = (covered / np.maximum(boxes, 1))[likes]
    left = np.flatnonzero(~truth.crowd & (largest < SAME_PLACE_IOU) & (shares > 0.5))
    return [Suspect('no object', float(shares[box]), int(truth.images[box]), box)
            for box in left[np.argsort(largest[left], kind='stable')].tolist()]


def _double_boxes(truth: Truth, doubles: Pairs) -> Sequence[Suspect]:
    crowd = truth.crowd[doubles.found] | truth.crowd[doubles.known]
    twice = (doubles.ious > SAME_BOX_IOU) & (doubles.found < doubles.known) & ~crowd
    return [Suspect('double box', float(iou), int(truth.images[box]), int(box), other=int(other))
            for box, other, iou in zip(*(column[twice] for column in doubles))]
