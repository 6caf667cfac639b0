"""Which location answers for which box (paper, Sec. 3.1 and 3.2)."""
from typing import NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor

from fcos_mm.models.ground_truth import GroundTruth
from fcos_mm.models.locations import Locations
from fcos_mm.models.windows import BOUNDS, lowest_rank, windows
from fcos_mm.registry import TASK_UTILS

INF = float('inf')
CROWD = ('drop', 'ignore', 'mask')


class Targets(NamedTuple):
    """What each location of each image is to predict.

    Attributes:
        labels: (B, P) class, or the background label.
        distances: (B, P, 4) Eq. (1), l, t, r, b in pixels; 0 at negatives.
        gt_index: (B, P) index of the box in its image, -1 at negatives.
        class_weight: (B, P) 1, or 0 where crowd boxes take a location out of
            the classification loss.
    """
    labels: Tensor
    distances: Tensor
    gt_index: Tensor
    class_weight: Tensor

    @property
    def positive(self) -> Tensor:
        """(B, P) whether the location answers for a box."""
        return self.gt_index >= 0


@TASK_UTILS.register_module()
class FCOSAssigner:
    """Assigns boxes to locations: inside, in the regress range, smallest area.

    A location is positive for a box if it lies strictly inside and the largest
    of its distances l, t, r, b is in the regress range of its level; of several
    boxes the one of minimal area wins, of equal areas the first. Each box visits
    only the window of cells that can meet the conditions, so the cost grows with
    the number of positives instead of with locations times boxes.

    Args:
        regress_ranges: (m_{i-1}, m_i) of each level, in pixels.
        range_bounds: Whether the bounds belong to the range, ``'inclusive'``
            (the paper), or not, ``'strict'`` (torchvision, detectron2).
        center_sampling_radius: Without it any location inside a box may be
            positive (the paper). With it only those less than radius * stride
            from the center of the box in x and in y (released improvement: 1.5).
        crowd: Locations inside crowd boxes: ``'drop'``, the boxes are as if
            not there (all released codes); ``'ignore'``, negatives inside are
            taken out of the classification loss; ``'mask'``, no location inside
            takes part in any loss.

    Raises:
        ValueError: If an option is unknown or a regress range is empty.
    """

    def __init__(self,
                 *,
                 regress_ranges: Sequence[Tuple[float, float]] = ((0, 64), (64, 128), (128, 256),
                                                                  (256, 512), (512, INF)),
                 range_bounds: str = 'inclusive',
                 center_sampling_radius: Optional[float] = None,
                 crowd: str = 'drop') -> None:
        if range_bounds not in BOUNDS:
            raise ValueError(f'range_bounds must be one of {BOUNDS}, got {range_bounds!r}')
        if crowd not in CROWD:
            raise ValueError(f'crowd must be one of {CROWD}, got {crowd!r}')
        for low, high in regress_ranges:
            if not low < high:
                raise ValueError(f'a regress range must have m_(i-1) < m_i, got ({low}, {high})')
        self.regress_ranges = tuple((float(low), float(high)) for low, high in regress_ranges)
        self.range_bounds = range_bounds
        self.center_sampling_radius = center_sampling_radius
        self.crowd = crowd

    @torch.no_grad()
    def assign(self, locations: Locations, truth: GroundTruth, background: int) -> Targets:
        """Return the targets of B images.

        Args:
            locations: The P locations of the feature maps.
            truth: Boxes of the B images.
            background: Label of a location that answers for no box.

        Raises:
            ValueError: If there is not one regress range for each level.
        """
        if len(self.regress_ranges) != len(locations.sizes):
            raise ValueError(
                f'expected one regress range for each of {len(locations.sizes)} levels, got '
                f'{len(self.regress_ranges)}: set assigner.regress_ranges to fit the strides')
        rank, order = self._winners(locations, truth)
        class_weight = torch.ones_like(rank, dtype=torch.float32)
        positive = rank < order.size(1)
        if self.crowd != 'drop' and truth.crowd.size(1):
            out = self._inside_crowd(locations, truth.crowd)
            if self.crowd == 'mask':
                positive = positive & ~out
            class_weight = (positive | ~out).float()
        gt_index = order.gather(1, rank.clamp(max=order.size(1) - 1))  # (B, P)
        boxes = truth.boxes.gather(1, gt_index[..., None].expand(-1, -1, 4))  # (B, P, 4)
        return Targets(
            labels=torch.where(positive, truth.labels.gather(1, gt_index), background),
            distances=torch.where(positive[..., None], distances(locations.points, boxes), 0.),
            gt_index=torch.where(positive, gt_index, -1),
            class_weight=class_weight)

    def _winners(self, locations: Locations, truth: GroundTruth) -> Tuple[Tensor, Tensor]:
        """Return the area rank of each location's box and the boxes by rank.

        Returns:
            (B, P) rank of the smallest box that claims the location, G if none
            does; (B, G) index of the box of each rank.
        """
        order = truth.areas.argsort(dim=1, stable=True)  # (B, G)
        sorted_boxes = truth.boxes.gather(1, order[..., None].expand(-1, -1, 4))
        claimed = windows(
            locations,
            sorted_boxes.flatten(0, 1),
            regress_ranges=self.regress_ranges,
            bounds=self.range_bounds,
            radius=self.center_sampling_radius)
        return lowest_rank(claimed, locations, images=len(order)), order

    @staticmethod
    def _inside_crowd(locations: Locations, crowd: Tensor) -> Tensor:
        """Return (B, P): whether a location lies inside one of (B, K, 4) boxes."""
        claimed = windows(
            locations,
            crowd.flatten(0, 1),
            regress_ranges=((0., INF), ) * len(locations.sizes),
            bounds='inclusive',
            radius=None)
        return lowest_rank(claimed, locations, images=len(crowd)) < crowd.size(1)


def distances(points: Tensor, boxes: Tensor) -> Tensor:
    """Eq. (1): l, t, r, b from points (..., 2) to the sides of boxes (..., 4)."""
    return torch.cat([points - boxes[..., :2], boxes[..., 2:] - points], dim=-1)
