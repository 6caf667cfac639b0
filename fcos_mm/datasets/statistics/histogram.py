"""Histograms of what a split holds, as lists, ready for JSON."""
from collections.abc import Sequence

import numpy as np

from fcos_mm.datasets.statistics.pairs import largest_ious
from fcos_mm.datasets.statistics.split import LabelledSplit

#: Sides in pixels: an octave is two bins.
SIDE_EDGES = [round(2 ** (half / 2), 3) for half in range(2, 23)]
SHARE_EDGES = [step / 20 for step in range(21)]
#: Width over height.
ASPECT_EDGES = [round(2 ** (third / 3), 4) for third in range(-12, 13)]
_DIGITS = 5
_GRID = 20  # cells a side of the map of centers


def bins(values: np.ndarray, edges: Sequence[float]) -> list[float]:
    """The share of the values in each bin; those beyond an end count in the last bin there."""
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
    return (counts / max(len(values), 1)).round(_DIGITS).tolist()


def box_sides(split: LabelledSplit) -> np.ndarray:
    """(N,) square root of each box's area, in pixels of the image."""
    return np.sqrt(np.maximum(split.boxes[:, 2:], 0).prod(1))


def relative_sides(split: LabelledSplit) -> np.ndarray:
    """(N,) square root of the share of the image that each box covers."""
    return box_sides(split) / np.sqrt(split.sizes.prod(1))


def aspects(split: LabelledSplit) -> np.ndarray:
    """Width over height of the boxes with an area."""
    sides = split.boxes[(split.boxes[:, 2:] > 0).all(1), 2:]
    return sides[:, 0] / sides[:, 1]


def boxes_per_image(split: LabelledSplit) -> np.ndarray:
    """(M,) number of boxes."""
    return np.bincount(split.owner, minlength=len(split.images))


def center_counts(split: LabelledSplit) -> list[list[int]]:
    """Centers in the cells of a grid over the image: ``counts[column][row]``, from the left top."""
    centers = (split.boxes[:, :2] + split.boxes[:, 2:] / 2) / split.sizes
    cells = np.clip((centers * _GRID).astype(int), 0, _GRID - 1)
    counts = np.zeros((_GRID, _GRID), int)
    np.add.at(counts, (cells[:, 0], cells[:, 1]), 1)
    return counts.tolist()


def overlaps(split: LabelledSplit) -> np.ndarray:
    """The largest IoU of each box with another one of its image; crowds are left out."""
    return largest_ious(split.boxes[~split.crowd], split.owner[~split.crowd])
