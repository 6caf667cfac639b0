"""Outputs of two forms of a detector, side by side."""
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy import ndarray

from fcos_mm.runtime.info import ModelInfo

#: Detections that overlap at least so much, of the same class, are the same.
SAME = 0.75


class Pairs(NamedTuple):
    """n scores and boxes of the network and of the file; score and box are 0 where one has none.

    Attributes:
        scores: (n, 2).
        boxes: (n, 2, 4).
        labels: (n,).
    """
    scores: ndarray
    boxes: ndarray
    labels: ndarray


def paired(expected: Mapping[str, ndarray], got: Mapping[str, ndarray],
           info: ModelInfo) -> Pairs:
    """Pair the outputs of a mode, see ``ExportNetwork``."""
    if info.mode == 'nms':
        return together([_matched(_found(expected, image), _found(got, image))
                         for image in range(len(expected['count']))])
    one, other = (_dense(outputs, info) for outputs in (expected, got))
    limit = 0 if info.mode == 'decoded' else info.postprocessing.score_thr
    image, place, label = ((one[1] > limit) | (other[1] > limit)).nonzero()
    return Pairs(np.stack([scores[image, place, label] for _, scores in (one, other)], 1),
                 np.stack([boxes[image, place] for boxes, _ in (one, other)], 1), label)


def together(parts: list[Pairs]) -> Pairs:
    """The pairs of several images."""
    return Pairs(*(np.concatenate(arrays) for arrays in zip(*parts)))


def overlaps(boxes: ndarray, others: ndarray) -> ndarray:
    """IoU of boxes (..., 4) with as many others."""
    sides = (np.minimum(boxes[..., 2:], others[..., 2:])
             - np.maximum(boxes[..., :2], others[..., :2]))
    shared = sides.clip(0).prod(-1)
    areas = [(one[..., 2:] - one[..., :2]).clip(0).prod(-1) for one in (boxes, others)]
    return shared / np.maximum(areas[0] + areas[1] - shared, 1e-9)


def _dense(outputs: Mapping[str, ndarray], info: ModelInfo) -> tuple[ndarray, ndarray]:
    """Boxes (B, P, 4) and scores (B, P, C); boxes of ``raw`` lie around the origin."""
    if info.mode == 'decoded':
        return outputs['boxes'], outputs['scores']
    boxes, scores = [], []
    for level in range(len(info.postprocessing.strides)):
        score = _probability(_flat(outputs[f'cls_logits_{level}']))
        if f'quality_{level}' in outputs:
            score = score * _probability(_flat(outputs[f'quality_{level}']))
        scores.append(score)
        boxes.append(_flat(outputs[f'distances_{level}']) * np.float32([-1, -1, 1, 1]))
    return np.concatenate(boxes, 1), np.concatenate(scores, 1)


def _flat(maps: ndarray) -> ndarray:
    """(B, K, h, w) as (B, h * w, K)."""
    return maps.reshape(*maps.shape[:2], -1).transpose(0, 2, 1).astype(np.float32)


def _probability(logits: ndarray) -> ndarray:
    return 1 / (1 + np.exp(-logits.clip(-80, 80)))


def _found(outputs: Mapping[str, ndarray], image: int) -> tuple[ndarray, ndarray, ndarray]:
    count = int(outputs['count'][image])
    return tuple(outputs[name][image, :count] for name in ('scores', 'boxes', 'labels'))


def _matched(one: tuple[ndarray, ...], other: tuple[ndarray, ...]) -> Pairs:
    """Match detections one to one, those that overlap most first."""
    iou = overlaps(one[1][:, None].astype(np.float64), other[1][None].astype(np.float64))
    iou = np.where(one[2][:, None] == other[2][None], iou, 0)
    pairs, free = [], [set(range(len(one[0]))), set(range(len(other[0])))]
    for flat in np.argsort(-iou, axis=None, kind='stable'):
        first, second = divmod(int(flat), len(other[0]))
        if iou[first, second] < SAME:
            break
        if first in free[0] and second in free[1]:
            free[0].remove(first)
            free[1].remove(second)
            pairs.append((first, second))
    pairs += [(index, -1) for index in sorted(free[0])]
    pairs += [(-1, index) for index in sorted(free[1])]
    scores = np.zeros((len(pairs), 2), np.float32)
    boxes, labels = np.zeros((len(pairs), 2, 4), np.float32), np.zeros(len(pairs), np.int64)
    for row, indices in enumerate(pairs):
        for side, (found, index) in enumerate(zip((one, other), indices)):
            if index >= 0:
                scores[row, side], boxes[row, side] = found[0][index], found[1][index]
                labels[row] = found[2][index]
    return Pairs(scores, boxes, labels)
