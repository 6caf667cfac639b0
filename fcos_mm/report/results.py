"""Detections and boxes of a split: what most chapters of a report are computed from."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from fcos_mm.evaluation.error_kinds import ErrorKinds, error_kinds
from fcos_mm.evaluation.label_faults import SAME_BOX_IOU, Suspect, label_suspects
from fcos_mm.evaluation.matcher import Pairs, in_crowd, match, overlapping, to_xywh
from fcos_mm.evaluation.score_threshold import F1OfClasses, f1_of_classes


class Image(NamedTuple):
    """An image: its id in the annotation file, its file, and its sides in pixels."""

    id: int | str
    path: str
    width: int
    height: int


@dataclass(frozen=True)
class Boxes:
    """The annotated boxes of all images.

    Attributes:
        boxes: (G, 4) float64 as (x0, y0, x1, y1), in pixels of the original image.
        labels: (G,) int64, places in ``Results.classes``.
        images: (G,) int64, places in ``Results.images``.
        crowd: (G,) bool.
        ids: Of the annotations, G.
        areas: (G,) float64 in square pixels as annotated, by which COCO tells small boxes from
            large ones; None: width times height.
    """

    boxes: np.ndarray
    labels: np.ndarray
    images: np.ndarray
    crowd: np.ndarray
    ids: Sequence
    areas: np.ndarray | None = None


@dataclass(frozen=True)
class Found:
    """The detections of all images, at most as many of an image as COCO's evaluation counts.

    Attributes:
        boxes: (D, 4) float64, as the annotated ones.
        scores: (D,) float64, final scores.
        labels: (D,) int64.
        images: (D,) int64, places in ``Results.images``.
        class_scores: (D,) float64 without center-ness; None for models without it.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    images: np.ndarray
    class_scores: np.ndarray | None = None


@dataclass(frozen=True)
class Results:
    """What a detector found in a split, and what there is to find.

    Attributes:
        classes: Their names, in the order of the labels.
        images: All images of the split, those without boxes too.
        truth: The annotated boxes.
        found: The detections.
        metrics: The metric's own numbers by name, such as ``coco/bbox_mAP``.
    """

    classes: tuple[str, ...]
    images: Sequence[Image]
    truth: Boxes
    found: Found
    metrics: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def matched(self) -> np.ndarray:
        """For each detection (D,) the box that it matches at an IoU of 0.5, -1 without one.

        As in COCO's evaluation: within a class, the higher score chooses first, and a crowd box
        takes any number.
        """
        count = len(self.classes)
        found, truth = self.found, self.truth
        return match(to_xywh(found.boxes), found.scores, found.images * count + found.labels,
                     to_xywh(truth.boxes), truth.images * count + truth.labels, truth.crowd)

    @cached_property
    def counts(self) -> np.ndarray:
        """Which detections (D,) count: those that do not match a crowd box."""
        return ~in_crowd(self.matched, self.truth.crowd)

    @cached_property
    def right(self) -> np.ndarray:
        """Which detections (D,) have found a box, at an IoU of 0.5."""
        return self.counts & (self.matched >= 0)

    @cached_property
    def best_f1(self) -> F1OfClasses:
        """The score thresholds with the best F1, for all classes together and for each."""
        return f1_of_classes(self.found.scores, self.found.labels, self.matched,
                             self.truth.labels, self.truth.crowd, self.classes)

    @cached_property
    def order(self) -> np.ndarray:
        """The detections (D,) by falling score, equal ones by the id of the image as in COCO's."""
        _, place = np.unique([image.id for image in self.images], return_inverse=True)
        return np.lexsort((place[self.found.images], -self.found.scores))

    @cached_property
    def overlaps(self) -> Pairs:
        """All pairs of a detection and a box of its image that overlap, of any classes."""
        return overlapping(to_xywh(self.found.boxes), self.found.images,
                           to_xywh(self.truth.boxes), self.truth.images, self.truth.crowd)

    @cached_property
    def shown(self) -> np.ndarray:
        """Which detections (D,) a user sees: at or above the best threshold for all classes.

        Those that match a crowd box are left out. Where no detection is right, all are shown.
        """
        return self.counts & (self.found.scores >= (self.best_f1.overall.threshold or 0.0))

    @cached_property
    def missed(self) -> np.ndarray:
        """Which boxes (G,) no right detection that is shown has found; crowds are none."""
        missed = ~self.truth.crowd
        missed[self.matched[self.shown & self.right]] = False
        return missed

    @cached_property
    def errors(self) -> ErrorKinds:
        """What is wrong with each detection."""
        return error_kinds(self.found, self.truth, self.matched, self.overlaps)

    @cached_property
    def suspects(self) -> list[Suspect]:
        """The annotations that the detections contradict, the most suspicious first."""
        boxes, images = to_xywh(self.truth.boxes), self.truth.images
        doubles = overlapping(boxes, images, boxes, images, self.truth.crowd, SAME_BOX_IOU)
        return label_suspects(self.found, self.truth, self.matched, self.overlaps, doubles,
                              self.best_f1.overall.threshold)
