"""AP at COCO's ten IoU thresholds, of groups of boxes such as the small ones, all in one go."""
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from fcos_mm.evaluation.average_precision import average_precision
from fcos_mm.evaluation.matcher import Pairs

#: 0.50, 0.55, ..., 0.95, written as pycocotools writes them.
IOUS = np.linspace(.5, .95, 10)


class BoxGroups(NamedTuple):
    """Groups of boxes; a box may be in several or in none.

    Attributes:
        names: Of the groups, A.
        boxes: Which annotated boxes are in which group, (G, A).
        detections: In which groups a detection is wrong if it finds no box, (D, A).
    """

    names: tuple[str, ...]
    boxes: np.ndarray
    detections: np.ndarray


class GroupPrecision(NamedTuple):
    """The AP of C classes in A groups.

    Attributes:
        boxes: How many boxes there are, crowds left out, (C, A).
        precision: AP at each of ``IOUS``, (C, A, 10); nan without boxes.
    """

    boxes: np.ndarray
    precision: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """AP by group (A,): the mean over classes that have boxes, and over ``IOUS``."""
        return mean_of_known(self.precision.mean(2))

    @property
    def at_half(self) -> np.ndarray:
        """AP50 by group (A,)."""
        return mean_of_known(self.precision[:, :, 0])


def mean_of_known(values: np.ndarray) -> np.ndarray:
    """Means over the first axis without nan; nan where nothing else is."""
    known = ~np.isnan(values)
    return np.divide(np.where(known, values, 0).sum(0), known.sum(0),
                     out=np.full(values.shape[1:], np.nan), where=known.any(0))


def precision_of_groups(*, scores: np.ndarray, labels: np.ndarray, order: np.ndarray,
                        box_labels: np.ndarray, crowd: np.ndarray, pairs: Pairs,
                        groups: BoxGroups, classes: int) -> GroupPrecision:
    """Compute AP as COCO's evaluation does for its ranges of area.

    Boxes outside of a group are ignored there: they are taken only by detections for which no
    box of the group is left, and neither they nor these detections count. Nor does a detection
    that finds no box and is outside of the group itself.

    Args:
        scores: Of the detections (D,).
        labels: Their classes (D,).
        order: The detections (D,) by falling score; of equal scores in the order in which COCO's
            evaluation counts them, which is that of the ids of their images.
        box_labels: Classes of the annotated boxes (G,).
        crowd: Which of these are crowds (G,).
        pairs: The pairs of a detection and a box of its image, at least those with an IoU of 0.5.
        groups: The groups of boxes.
        classes: Their number C.
    """
    counted = groups.boxes & ~crowd[:, None]
    found, right, ignored = _matched(_of_a_class(pairs, order, labels, box_labels), counted, crowd)
    row_of = np.full(len(scores), -1)
    row_of[found] = np.arange(len(found))
    boxes = np.stack([counted[box_labels == label].sum(0) for label in range(classes)])
    precision = np.full((*boxes.shape, len(IOUS)), np.nan)
    for label in np.flatnonzero(boxes.any(1)):
        which = order[labels[order] == label]
        bits = [_unpacked(part, row_of[which], boxes.shape[1]) for part in (right, ignored)]
        precision[label] = [
            _precisions(scores[which], *(part[:, place] for part in bits),
                        groups.detections[which, place], boxes[label, place])
            for place in range(boxes.shape[1])]
    return GroupPrecision(boxes, precision)


def _precisions(scores, right, ignored, inside, boxes) -> list[float]:
    """AP of a class in a group at each IoU threshold; ``right`` and ``ignored`` are (n, 10)."""
    counts = right | (inside[:, None] & ~ignored)
    return [average_precision(scores[counts[:, place]], right[counts[:, place], place], boxes)
            for place in range(len(IOUS))]


def _of_a_class(pairs: Pairs, order, labels, box_labels) -> Pairs:
    """The pairs of the same class that may match, in the order in which they are tried."""
    near = (pairs.ious >= IOUS[0]) & (labels[pairs.found] == box_labels[pairs.known])
    found, known, ious = (column[near] for column in pairs)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    tried = np.lexsort((-known, -ious, rank[found]))
    return Pairs(found[tried], known[tried], ious[tried])


def _matched(pairs: Pairs, counted: np.ndarray, crowd: np.ndarray) -> tuple[np.ndarray, ...]:
    """Match in all groups at all IoU thresholds at once: a bit of a number for each of them.

    Args:
        pairs: In the order in which they are tried.
        counted: Which boxes count in which group (G, A).
        crowd: Which boxes any number of detections may take (G,).

    Returns:
        The detections that have pairs (n,). The bits of those where they match a box that counts,
        and of those where they match one that is ignored, (n + 1, bytes); the last row has none.
    """
    groups = counted.shape[1]
    passed = np.arange(len(IOUS)) < np.arange(len(IOUS) + 1)[:, None]
    reached = _numbers(np.tile(passed, groups))
    detections, right, ignored = _greedy(
        pairs, _numbers(np.repeat(counted, len(IOUS), axis=1)), crowd.tolist(), reached)
    size = -(-groups * len(IOUS) // 8)
    return (np.array(detections, dtype=np.int64), *(
        np.frombuffer(b''.join(number.to_bytes(size, 'little') for number in (*numbers, 0)),
                      dtype=np.uint8).reshape(-1, size) for numbers in (right, ignored)))


def _greedy(pairs: Pairs, counts: list[int], crowd: list[bool],
            reached: list[int]) -> tuple[list[int], list[int], list[int]]:
    """Detections with pairs, and the bits where each is right and where it is ignored.

    Args:
        pairs: In the order in which they are tried.
        counts: Of each box the bits where it counts.
        crowd: Which boxes are crowds.
        reached: The bits of the thresholds reached by an IoU that reaches 0, 1, ..., 10 of them.
    """
    everywhere = reached[-1]
    free = [everywhere] * len(crowd)
    levels = np.searchsorted(IOUS, pairs.ious, side='right')
    rows = zip(pairs.found.tolist(), pairs.known.tolist(), levels.tolist())
    detections, right, ignored = [], [], []
    for detection, near in groupby(rows, itemgetter(0)):
        near = [(box, reached[level]) for _, box, level in near]
        seeking = everywhere
        for box, bits in near:
            taken = seeking & bits & free[box] & counts[box]
            free[box] ^= taken
            seeking ^= taken
        unsatisfied = seeking
        for box, bits in near:  # where a box counts it is taken: what is free here is ignored
            taken = seeking & bits & free[box]
            free[box] ^= 0 if crowd[box] else taken
            seeking ^= taken
        detections.append(detection)
        right.append(everywhere ^ unsatisfied)
        ignored.append(unsatisfied ^ seeking)
    return detections, right, ignored


def _numbers(bits: np.ndarray) -> list[int]:
    """A whole number for each row of bits (n, b)."""
    return [int.from_bytes(row.tobytes(), 'little')
            for row in np.packbits(bits, axis=1, bitorder='little')]


def _unpacked(packed: np.ndarray, rows: np.ndarray, groups: int) -> np.ndarray:
    """The bits of these rows, none for a row of -1: (n, groups, IoU thresholds)."""
    return np.unpackbits(packed[rows], axis=1, bitorder='little', count=groups * len(IOUS)).astype(
        bool).reshape(len(rows), groups, len(IOUS))
