"""Large images in overlapping tiles, by the package sahi."""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fcos_mm.compat.extras import import_extra

_OVERLAP = 0.2  # of a tile's side
_MATCH = dict(match_metric='IOS', match_threshold=0.5)  # intersection over the smaller box

Tile = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels of the image


@dataclass(kw_only=True)
class Prepared:
    """An image, and for each of its tiles what the network gets.

    Attributes:
        image: (height, width, 3) RGB uint8.
        tiles: The parts of the image that are looked at.
        inputs: Of each tile: what the test pipeline makes of it, or its pixels for an exported
            network.
    """
    image: np.ndarray
    tiles: list[Tile]
    inputs: list[Any]


def check_tiles() -> None:
    """Make sure that sahi can be imported; a UserError otherwise."""
    import_extra('sahi', '--tiles')


def tiles_of(height: int, width: int, size: int) -> list[Tile]:
    """The whole image and, where it is larger than a tile, the tiles of ``size`` x ``size``."""
    whole = (0, 0, width, height)
    if max(height, width) <= size:
        return [whole]
    from sahi.slicing import get_slice_bboxes
    boxes = get_slice_bboxes(height, width, size, size, overlap_height_ratio=_OVERLAP,
                             overlap_width_ratio=_OVERLAP)
    return [whole, *map(tuple, boxes)]


def merge(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray
          ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Merge what several tiles found of one object, by sahi's GREEDYNMM.

    Args:
        boxes: (n, 4) in pixels of the image.
        scores: (n,).
        labels: (n,).

    Returns:
        Boxes, scores and labels of the m objects, the best score first.
    """
    from sahi.postprocess.combine import GreedyNMMPostprocess
    from sahi.prediction import ObjectPrediction
    found = GreedyNMMPostprocess(class_agnostic=False, **_MATCH)([
        ObjectPrediction(bbox=box, category_id=label, category_name='', score=score)
        for box, score, label in zip(boxes.tolist(), scores.tolist(), labels.tolist())])
    found.sort(key=lambda one: -one.score.value)
    return _columns([(one.bbox.to_xyxy(), one.score.value, one.category.id) for one in found])


def _columns(rows: Sequence[tuple]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    boxes, scores, labels = zip(*rows) if rows else ((), (), ())
    return (np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32),
            np.array(labels, np.int64))
