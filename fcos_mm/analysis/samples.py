"""Which samples of an image answer for which of its boxes.

A sample is what a detector classifies: a location of FCOS, an anchor box of
RetinaNet (paper, Sec. 3.1). A box claims every sample that meets the conditions
of the assignment for it; of several boxes one gets the sample.
"""
from typing import NamedTuple, Protocol

import numpy as np

from fcos_mm.analysis.input_size import InputBoxes


class Level(NamedTuple):
    """A level of the feature pyramid.

    Attributes:
        stride: Its stride in pixels.
        regress_range: (m_{i-1}, m_i) in pixels; None for anchor boxes.
    """
    stride: int
    regress_range: tuple[float, float] | None = None


class Assigned(NamedTuple):
    """The samples of an image and its boxes.

    Attributes:
        claimed: (M,) sample of every claim.
        claimant: (M,) box of every claim.
        positive: (K,) the samples that answer for a box, ascending.
        answered: (K,) the box each of them answers for.
        counts: (L,) samples of each level; samples count level after level.
    """
    claimed: np.ndarray
    claimant: np.ndarray
    positive: np.ndarray
    answered: np.ndarray
    counts: tuple[int, ...]


class Samples(Protocol):
    """A detector's way to assign boxes to samples.

    Attributes:
        kind: ``'location'`` or ``'anchor'``.
        levels: The levels.
        reasons: Why a box may be left without a sample, by a short name.
    """
    kind: str
    levels: list[Level]
    reasons: dict

    def assign(self, image: InputBoxes) -> Assigned:
        """Return which samples the boxes claim and get.

        Args:
            image: The boxes of an image at the network's input.
        """

    def why(self, image: InputBoxes, assigned: Assigned) -> list[str]:
        """Return for each box why it would be left without a sample.

        Args:
            image: The boxes of an image.
            assigned: What :meth:`assign` returned for it.
        """
