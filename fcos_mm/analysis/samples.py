"""Which samples of an image are assigned to which of its boxes.

A sample is what a detector classifies: a location of FCOS, an anchor box of RetinaNet (paper,
Sec. 3.1). A box claims every sample that meets the conditions of the assignment for it; one of
the boxes that claim a sample gets it.
"""
from typing import NamedTuple

import numpy as np


class Level(NamedTuple):
    """A level of the feature pyramid.

    Attributes:
        stride: Its stride in pixels.
        regress_range: (m_{i-1}, m_i) in pixels; None for anchor boxes.
    """
    stride: int
    regress_range: tuple[float, float] | None = None


class Assigned(NamedTuple):
    """The assignment of an image. Samples are numbered level after level.

    Attributes:
        claimed: (M,) sample of every claim.
        claimant: (M,) box of every claim.
        positive: (K,) the positive samples, ascending.
        answered: (K,) the box of each of them.
        counts: (L,) samples of each level.
    """
    claimed: np.ndarray
    claimant: np.ndarray
    positive: np.ndarray
    answered: np.ndarray
    counts: tuple[int, ...]
