"""From the output of an exported detector to boxes in the image.

The steps and their order are those of ``FCOSPostProcessor``, so that the detections are the same.
"""
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy import ndarray

from fcos_mm.compat.ops.suppression import suppress
from fcos_mm.errors import UserError
from fcos_mm.runtime.info import Postprocessing
from fcos_mm.runtime.preprocessing import Prepared


class Found(NamedTuple):
    """n boxes of an image."""
    boxes: ndarray  # (n, 4) float32
    scores: ndarray  # (n,) float32
    labels: ndarray  # (n,) int64

    def select(self, index: ndarray) -> 'Found':
        """Return the boxes of an index or mask."""
        return Found(*(one[index] for one in self))


def from_nms(outputs: Mapping[str, ndarray], index: int, image: Prepared,
             how: Postprocessing) -> Found:
    """The detections of one image of a batch, from the outputs of mode ``nms``.

    Args:
        outputs: ``boxes`` (B, N, 4), ``scores`` (B, N), ``labels`` (B, N), ``count`` (B,).
        index: Of the image in the batch.
        image: What was put in.
        how: From the metadata of the file.
    """
    count = int(outputs['count'][index])
    boxes, scores, labels = (outputs[name][index, :count] for name in ('boxes', 'scores', 'labels'))
    found = Found(boxes.astype(np.float32), scores.astype(np.float32), labels.astype(np.int64))
    return _to_far_edge(_rescaled(found, image), how)


def from_decoded(outputs: Mapping[str, ndarray], index: int, image: Prepared,
                 how: Postprocessing) -> Found:
    """The detections of one image of a batch, from the outputs of mode ``decoded``.

    Args:
        outputs: ``boxes`` (B, P, 4) and ``scores`` (B, P, C), 0 where a pair is no candidate.
        index: Of the image in the batch.
        image: What was put in.
        how: From the metadata of the file.

    Raises:
        UserError: If the number of locations is not that of the strides.
    """
    found = candidates(outputs['boxes'][index], outputs['scores'][index],
                       level_ends(image.padded, how.strides), how.nms_pre)
    # As in FCOSPostProcessor: 'pixel' suppresses at the network's size, the rest in the image's.
    rescale_first = not how.extra
    if how.clip == 'before_nms':
        found = _clipped(found, image.size, how)
    if rescale_first:
        found = _rescaled(found, image)
    found = _suppressed(found, how)
    if how.clip == 'after_nms':
        found = _clipped(found, image.original if rescale_first else image.size, how)
        found = _larger(found, 0, how)
    if not rescale_first:
        found = _rescaled(found, image)
    return _to_far_edge(found, how)


def level_ends(size: tuple[int, int], strides: tuple[int, ...]) -> list[int]:
    """The index behind the last location of each level, for an input of (height, width)."""
    height, width = size
    return np.cumsum([-(-height // stride) * -(-width // stride) for stride in strides]).tolist()


def candidates(boxes: ndarray, scores: ndarray, ends: list[int], limit: int) -> Found:
    """The pairs of location and class with a score: the best of each level, level by level.

    Args:
        boxes: (P, 4).
        scores: (P, C), 0 for no candidate.
        ends: (L,) the index behind the last location of each level.
        limit: Pairs of a level at most; no limit if not positive.

    Raises:
        UserError: If P is not the number of locations.
    """
    locations, classes = scores.shape
    if locations != ends[-1]:
        raise UserError(f'The file puts out {locations} locations, but the strides in its '
                        f'metadata mean {ends[-1]}.\nExport the model again.')
    pairs = np.flatnonzero(scores > 0)
    ranking = scores.reshape(-1)[pairs]
    cuts = np.searchsorted(pairs, np.multiply(ends, classes)).tolist()
    best = []
    for start, end in zip([0, *cuts], cuts):
        order = np.argsort(-ranking[start:end], kind='stable')
        best.append(start + (order[:limit] if limit > 0 else order))
    chosen = np.concatenate(best)
    location, label = np.divmod(pairs[chosen], classes)
    return Found(boxes[location].astype(np.float32, copy=False),
                 ranking[chosen].astype(np.float32, copy=False), label)


def _clipped(found: Found, size: tuple[int, int], how: Postprocessing) -> Found:
    """Clip to (height, width); to the last pixel where ``extra`` is 1."""
    most = np.array(size[::-1] * 2, np.float32) - np.float32(how.extra)
    return found._replace(boxes=np.minimum(np.maximum(found.boxes, 0), most))


def _rescaled(found: Found, image: Prepared) -> Found:
    """Rescale the boxes to the original image."""
    shrink = np.float32(1) / np.array(image.scale * 2, np.float32)
    return found._replace(boxes=found.boxes * shrink)


def _suppressed(found: Found, how: Postprocessing) -> Found:
    """Drop boxes that are too small, apply NMS, keep the best ``max_per_img``."""
    if how.min_bbox_size >= 0:
        found = _larger(found, how.min_bbox_size, how)
    if not len(found.scores):
        return found
    apart = found.labels.astype(np.float32) * (found.boxes.max() + np.float32(1))
    keep = suppress(found.boxes + apart[:, None], found.scores, how.iou_threshold, how.nms_offset)
    return found.select(keep[:how.max_per_img] if how.max_per_img > 0 else keep)


def _larger(found: Found, least: float, how: Postprocessing) -> Found:
    """Select the boxes whose sides are both larger than a number of pixels."""
    sides = found.boxes[:, 2:] - found.boxes[:, :2] + np.float32(how.extra)
    return found.select((sides > least).all(1))


def _to_far_edge(found: Found, how: Postprocessing) -> Found:
    """Move x1 and y1 from the last pixel of a box to its far edge where ``extra`` is 1."""
    return found._replace(boxes=found.boxes + np.array([0, 0, how.extra, how.extra], np.float32))
