"""Groups of boxes by size, by overlap with other boxes and by position in the picture.

Each function also says in which group a detection belongs that finds no box.
"""
import numpy as np

from fcos_mm.datasets.statistics.summary import COCO_SIDES
from fcos_mm.evaluation.group_precision import BoxGroups
from fcos_mm.evaluation.matcher import Pairs

_SMALL, _LARGE = (side**2 for side in COCO_SIDES)
#: The ranges of area of COCO's evaluation, in square pixels, both ends included.
COCO_AREAS = {'small': (0, _SMALL), 'medium': (_SMALL, _LARGE), 'large': (_LARGE, 1e10)}

_OVERLAPS = {'none': 0.0, 'up to 0.2': 0.2, '0.2 to 0.5': 0.5, 'above 0.5': np.inf}

_ROWS, _COLUMNS = ('top', 'middle', 'bottom'), ('left', 'center', 'right')


def everything(boxes: int, detections: int) -> BoxGroups:
    """A single group of all G boxes and D detections."""
    return BoxGroups(('all', ), np.ones((boxes, 1), dtype=bool),
                     np.ones((detections, 1), dtype=bool))


def by_coco_area(areas: np.ndarray, found: np.ndarray) -> BoxGroups:
    """COCO's small, medium and large boxes.

    Args:
        areas: Of the annotated boxes (G,), in square pixels.
        found: Of the detections (D,).
    """
    ranges = COCO_AREAS.values()
    return BoxGroups(tuple(COCO_AREAS), *(
        np.stack([(low <= part) & (part <= high) for low, high in ranges], axis=1)
        for part in (areas, found)))


def by_side(sides: np.ndarray, found: np.ndarray, crowd: np.ndarray, most: int = 5) -> BoxGroups:
    """Up to ``most`` groups of equally many boxes, from the smallest to the largest.

    A detection smaller than all boxes belongs to the smallest ones, a larger one to the largest.

    Args:
        sides: Square root of the area of the annotated boxes (G,), in pixels.
        found: Of the detections (D,).
        crowd: Which boxes are crowds (G,), which do not count; there must be another.
        most: So many groups, unless many boxes are equally large.
    """
    edges = np.unique(np.quantile(sides[~crowd], np.linspace(0, 1, most + 1), method='lower'))
    names = [f'{low:.0f} to {high:.0f} px' for low, high in zip(edges, edges[1:])]
    names = names or [f'{edges[0]:.0f} px']
    return _grouped(names, *(np.searchsorted(edges[1:-1], part, side='right')
                             for part in (sides, found)))


def by_overlap(overlap: np.ndarray, detections: Pairs, found: int) -> BoxGroups:
    """Boxes by their overlap: their largest IoU with another box of the image, of any class.

    Overlap is a property of annotated boxes, which a detection has through the box it is nearest
    to: one that finds no box belongs to the group of the box of its image that it overlaps most.
    Thus a double detection among overlapping boxes counts there and nowhere else. One that
    overlaps no box at all belongs to the boxes without overlap, as a box in its place would.

    Args:
        overlap: Of the annotated boxes (G,).
        detections: The pairs of a detection and a box of its image that overlap.
        found: How many detections there are, D.
    """
    group = np.searchsorted(list(_OVERLAPS.values()), overlap, side='left')
    order = np.argsort(detections.ious, kind='stable')
    nearest = np.full(found, -1)
    nearest[detections.found[order]] = detections.known[order]  # the last of several stays
    return _grouped(list(_OVERLAPS), group, np.append(group, 0)[nearest])


def by_position(centers: np.ndarray, found: np.ndarray) -> BoxGroups:
    """Nine groups by the third of the picture, across and down, that holds the center.

    Args:
        centers: Of the annotated boxes (G, 2), as shares of the picture's width and height.
        found: Of the detections (D, 2).
    """
    names = [f'{row} {column}' for row in _ROWS for column in _COLUMNS]
    return _grouped(names, *(((3 * part).astype(int).clip(0, 2) @ [1, 3])
                             for part in (centers, found)))


def _grouped(names: list[str], boxes: np.ndarray, detections: np.ndarray) -> BoxGroups:
    """Each box and each detection is in one group, given by its number."""
    numbers = np.arange(len(names))
    return BoxGroups(tuple(names), boxes[:, None] == numbers, detections[:, None] == numbers)
