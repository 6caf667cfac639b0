"""Data exchanged between the parts of the head.

Axes: B images, P locations, G boxes of an image, C classes, L levels.
"""
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from torch import Tensor

#: What is added to x1 - x0 to get a width, by the name of the option.
BOX_CONVENTIONS = {'continuous': 0, 'pixel': 1}


class Predictions(NamedTuple):
    """Raw outputs of the network, in float32 except for the class logits.

    Attributes:
        class_maps: L maps (B, C, H, W) of class logits as the network returns
            them. They are by far the largest output, so the reader chooses the order.
        distances: (B, P, 4) predicted l, t, r, b; the unit is defined by the head.
        quality_logits: (B, P) output of the quality branch (center-ness in the
            paper); None without a branch.
    """
    class_maps: Sequence[Tensor]
    distances: Tensor
    quality_logits: Tensor | None


class GroundTruth(NamedTuple):
    """Boxes of a batch. Padding boxes are empty: no location lies inside them.

    Attributes:
        boxes: (B, G, 4) float32, G at least 1.
        labels: (B, G) int64.
        areas: (B, G) float32, by the box convention in use.
        crowd: (B, K, 4) float32, the crowd boxes; K may be 0.
    """
    boxes: Tensor
    labels: Tensor
    areas: Tensor
    crowd: Tensor


class Conditions(NamedTuple):
    """What a location must meet to be positive for a box, see ``FCOSAssigner``."""
    regress_ranges: tuple[tuple[float, float], ...]
    range_bounds: str = 'inclusive'
    center_radius: float | None = None  # in strides


class Targets(NamedTuple):
    """Training targets of all locations.

    Attributes:
        positive: (B, P) whether the location is assigned a box.
        labels: (B, P) class of that box, or the background label.
        distances: (B, P, 4) Eq. (1), l, t, r, b in pixels; 0 at negatives.
        gt_index: (B, P) index of the box in its image, -1 at negatives.
        class_weight: (B, P) 1, or 0 where a crowd box excludes a location from
            the classification loss.
    """
    positive: Tensor
    labels: Tensor
    distances: Tensor
    gt_index: Tensor
    class_weight: Tensor


class Claims(NamedTuple):
    """All pairs of a location and a box that meet the conditions: three indices (M,).

    A location that several boxes claim is an ambiguous sample (Sec. 4.1.1).
    """
    image: Tensor
    location: Tensor
    box: Tensor


class Candidates(NamedTuple):
    """(Location, class) pairs that may become detections: three indices (N,)."""
    image: Tensor
    location: Tensor
    label: Tensor


class Detections(NamedTuple):
    """Boxes of all images, image after image.

    Attributes:
        image: (N,) index of the image.
        boxes: (N, 4).
        scores: (N,).
        labels: (N,).
        locations: (N,) index of the location, among the P, of each detection.
        class_scores: (N,) without center-ness.
    """
    image: Tensor
    boxes: Tensor
    scores: Tensor
    labels: Tensor
    locations: Tensor
    class_scores: Tensor

    def select(self, which: Tensor) -> 'Detections':
        """Return the detections selected by an index or a mask (N,)."""
        return Detections(*(part[which] for part in self))

    def of_images(self, images: int) -> list['Detections']:
        """Split into the detections of each image."""
        counts = self.image.bincount(minlength=images).tolist()
        return [Detections(*parts) for parts in zip(*(part.split(counts) for part in self))]


class QualityBranch(Protocol):
    """An output that rates the box of a location and multiplies its scores at test time.

    Head, loss and post-processing use this interface and know no branch by name.

    Attributes:
        name: The layers of the head are ``{name}_convs`` and ``conv_{name}``, the loss
            is ``loss_{name}``.
        branch: Whether the head has these layers and trains them.
        position: The tower that they are attached to, ``'cls'`` or ``'reg'``.
        num_convs: Number of convolutions before the last layer.
    """
    name: str
    branch: bool
    position: str
    num_convs: int

    def target(self, predictions: Predictions, targets: Targets) -> Tensor:
        """Return (B, P) in 0..1: the target of the sigmoid of the output at positives.

        All distances are in the same unit, pixels or strides.
        """

    def factor(self, predictions: Predictions) -> Tensor | None:
        """Return the (B, P) factor of the class scores, at most 1, or None if there is none."""
