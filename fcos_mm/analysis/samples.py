"""Which samples of an image are assigned to which of its boxes.

A sample is what a detector classifies: a location of FCOS, an anchor box of RetinaNet (paper,
Sec. 3.1). A box claims every sample that meets the conditions of the assignment for it; one of
the boxes that claim a sample gets it.
"""
from typing import NamedTuple

import numpy as np


class Level(NamedTuple):
    """A level of the feature pyramid."""
    stride: int  # in pixels
    regress_range: tuple[float, float] | None = None  # in pixels; None for anchor boxes


class Assigned(NamedTuple):
    """The assignment of an image. Samples are numbered level after level."""
    claimed: np.ndarray  # (M,) sample of every claim
    claimant: np.ndarray  # (M,) box of every claim
    positive: np.ndarray  # (K,) the positive samples, ascending
    answered: np.ndarray  # (K,) the box of each of them
    counts: tuple[int, ...]  # (L,) samples of each level
