"""Which location answers for which box (paper, Sec. 3.1 and 3.2)."""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fcos_mm.models.claims import claimed_runs, lowest_rank
from fcos_mm.models.ground_truth import GroundTruth
from fcos_mm.models.locations import Locations, mirrored
from fcos_mm.models.windows import BOUNDS, Ranges, window_sizes, windows
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


class Claims(NamedTuple):
    """Every pair of a location and a box that meets all conditions, M in all.

    Of the boxes that claim a location :meth:`FCOSAssigner.assign` takes the
    smallest; a location with several is an ambiguous sample.

    Attributes:
        image: (M,) index of the image.
        location: (M,) index of the location.
        box: (M,) index of the box in its image.
    """
    image: Tensor
    location: Tensor
    box: Tensor


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
        ValueError: If an option is unknown, or a regress range is no pair of
            numbers, empty, or not above 0 at its end.
    """

    def __init__(self,
                 *,
                 regress_ranges: Sequence[tuple[float, float]] = ((0, 64), (64, 128), (128, 256),
                                                                  (256, 512), (512, INF)),
                 range_bounds: str = 'inclusive',
                 center_sampling_radius: float | None = None,
                 crowd: str = 'drop') -> None:
        if range_bounds not in BOUNDS:
            raise ValueError(f'range_bounds must be one of {BOUNDS}, got {range_bounds!r}')
        if crowd not in CROWD:
            raise ValueError(f'crowd must be one of {CROWD}, got {crowd!r}')
        if center_sampling_radius is not None and not (
                isinstance(center_sampling_radius, (int, float)) and center_sampling_radius > 0):
            raise ValueError('center_sampling_radius must be None or a number of strides above 0, '
                             f'got {center_sampling_radius!r}')
        self.regress_ranges = tuple(_regress_range(each) for each in regress_ranges)
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
        self._check_levels(locations)
        order = truth.areas.argsort(dim=1, stable=True)  # (B, G)
        boxes = truth.boxes.take_along_dim(order[..., None], dim=1)  # (B, G, 4)
        labels = truth.labels.gather(1, order)
        rank = self._lowest_rank(locations, boxes, self.regress_ranges, self.range_bounds,
                                 self.center_sampling_radius)  # (B, P)
        class_weight = boxes.new_ones(()).expand_as(rank)
        if self.crowd != 'drop' and truth.crowd.size(1):
            out = self._inside_crowd(locations, truth.crowd)
            if self.crowd == 'mask':
                rank = torch.where(out, order.size(1), rank)
            class_weight = ((rank < order.size(1)) | ~out).float()
        image = torch.arange(len(rank), dtype=rank.dtype, device=rank.device)[:, None]
        row = rank.add_(image * (order.size(1) + 1))  # (B, P)
        # Eq. (1): (l, t, r, b) = (x, y, -x, -y) - (x0, y0, -x1, -y1); -inf where there is no box.
        distances = _look_up(row, mirrored(boxes), INF)  # (B, P, 4)
        torch.sub(locations.mirrored, distances, out=distances)
        return Targets(
            labels=_look_up(row, labels, background),
            distances=distances.clamp_(min=0),
            gt_index=_look_up(row, order, -1),
            class_weight=class_weight)

    @torch.no_grad()
    def claims(self, locations: Locations, truth: GroundTruth) -> Claims:
        """Return all claims on the locations of B images, for analysis.

        Args:
            locations: The P locations of the feature maps, on the CPU.
            truth: Boxes of the B images, on the CPU.

        Raises:
            ValueError: If there is not one regress range for each level.
        """
        self._check_levels(locations)
        claimed = windows(locations, truth.boxes.flatten(0, 1), regress_ranges=self.regress_ranges,
                          bounds=self.range_bounds, radius=self.center_sampling_radius)
        runs = claimed_runs(claimed, locations, images=len(truth.boxes))
        address = torch.from_numpy(runs.addresses())  # (M,)
        box = torch.from_numpy(np.repeat(runs.rank, runs.count))  # (M,)
        if self.crowd == 'mask' and truth.crowd.size(1):
            free = ~self._inside_crowd(locations, truth.crowd).flatten()[address]
            address, box = address[free], box[free]
        num_locations = sum(locations.counts)
        return Claims(address // num_locations, address % num_locations, box)

    def _check_levels(self, locations: Locations) -> None:
        if len(self.regress_ranges) != len(locations.sizes):
            raise ValueError(
                f'expected one regress range for each of {len(locations.sizes)} levels, got '
                f'{len(self.regress_ranges)}: set assigner.regress_ranges to fit the strides')

    @staticmethod
    def _lowest_rank(locations: Locations, boxes: Tensor, ranges: Ranges, bounds: str,
                     radius: float | None) -> Tensor:
        """Return (B, P): the first of boxes (B, G, 4) that claims a location, or G."""
        return lowest_rank(
            windows(locations, boxes.flatten(0, 1), regress_ranges=ranges, bounds=bounds,
                    radius=radius),
            locations,
            images=len(boxes),
            sizes=window_sizes(locations, ranges, radius))

    def _inside_crowd(self, locations: Locations, crowd: Tensor) -> Tensor:
        """Return (B, P): whether a location lies inside one of (B, K, 4) boxes."""
        anywhere = ((0., INF), ) * len(locations.sizes)
        rank = self._lowest_rank(locations, crowd, anywhere, 'inclusive', None)
        return rank < crowd.size(1)


def _regress_range(bounds: Sequence[float]) -> tuple[float, float]:
    try:
        low, high = (float(bound) for bound in bounds)
    except (TypeError, ValueError):
        raise ValueError('regress_ranges must hold a pair (m_(i-1), m_i) in pixels for each level, '
                         f'got {bounds!r}') from None
    if not (low < high and high > 0):
        raise ValueError(
            f'a regress range must have m_(i-1) < m_i and m_i > 0, got {tuple(bounds)}')
    return low, high


def _look_up(row: Tensor, values: Tensor, otherwise: float) -> Tensor:
    """Look up the value of each location's box.

    Args:
        row: (B, P) image * (G + 1) + rank of the box; rank G for none.
        values: (B, G, ...) by rank.
        otherwise: Value where there is no box.

    Returns:
        (B, P, ...).
    """
    table = F.pad(values, [0, 0] * (values.dim() - 2) + [0, 1], value=otherwise)  # (B, G + 1, ...)
    return table.flatten(0, 1).index_select(0, row.flatten()).unflatten(0, row.shape)
