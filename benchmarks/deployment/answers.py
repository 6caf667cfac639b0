"""Detections as arrays, and how many two ways to run a model have in common."""
from typing import NamedTuple

import numpy as np

IOU = 0.75
SCORE = 0.1


class Answer(NamedTuple):
    """Boxes (n, 4) in pixels of the picture, scores (n,) and labels (n,)."""
    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


class Common(NamedTuple):
    """What an answer has of a reference.

    Attributes:
        same: Detections of the reference that have one of their own in the answer: the same
            label, IoU from 0.75, scores within 0.1.
        total: Detections of the reference.
        score: Largest difference of the scores of such pairs.
        box: Largest difference of the sides of such pairs, in pixels.
    """
    same: int
    total: int
    score: float
    box: float


def answer_of(found) -> Answer:
    """The arrays of ``Detections``."""
    return Answer(*(np.asarray(getattr(found, name)) for name in ('boxes', 'scores', 'labels')))


def in_common(answer: Answer, reference: Answer) -> Common:
    """Pair the detections of two answers, the best scores of the reference first."""
    overlap = ious(reference.boxes, answer.boxes)
    likely = ((overlap >= IOU) & (reference.labels[:, None] == answer.labels)
              & (np.abs(reference.scores[:, None] - answer.scores) <= SCORE))
    free, pairs = np.ones(len(answer.scores), bool), []
    for row in np.argsort(-reference.scores, kind='stable'):
        columns = np.flatnonzero(likely[row] & free)
        if len(columns):
            best = columns[np.argmax(overlap[row, columns])]
            free[best] = False
            pairs.append((row, best))
    rows, columns = np.array(pairs, int).reshape(-1, 2).T
    return Common(
        len(pairs), len(reference.scores),
        float(np.abs(reference.scores[rows] - answer.scores[columns]).max(initial=0)),
        float(np.abs(reference.boxes[rows] - answer.boxes[columns]).max(initial=0)))


def ious(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n, m) IoU of boxes (n, 4) and (m, 4)."""
    near = np.maximum(some[:, None, :2], others[:, :2])
    far = np.minimum(some[:, None, 2:], others[:, 2:])
    inner = (far - near).clip(min=0).prod(-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).clip(min=0).prod(-1) for boxes in (some, others)]
    return inner / np.maximum(areas[0][:, None] + areas[1] - inner, 1e-9)
