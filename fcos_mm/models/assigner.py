"""Assign ground-truth boxes to locations (paper, Sec. 3.1 and 3.2).

:func:`dense_claims` and :func:`dense_assignment` implement the rule as the paper states it:
every location is compared with every box. Training uses :class:`FCOSAssigner`, which gives
the same result, bit for bit, in closed form (:mod:`fcos_mm.models.windows`); tests compare
the two.
"""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import get_box_tensor
from mmengine.structures import InstanceData
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from fcos_mm.errors import UserError, check_choice
from fcos_mm.models.locations import Locations, mirrored, scale_factors
from fcos_mm.models.structures import BOX_CONVENTIONS, Claims, Conditions, GroundTruth, Targets
from fcos_mm.models.windows import claim_counts, claimed_cells, lowest_rank
from fcos_mm.registry import TASK_UTILS

INF = float('inf')
#: (m_{i-1}, m_i) in pixels of P3 to P7 (Sec. 3.2); None: no upper end.
REGRESS_RANGES = ((0, 64), (64, 128), (128, 256), (256, 512), (512, None))


def dense_claims(locations: Locations, boxes: Tensor, conditions: Conditions) -> Tensor:
    """Return (B, P, G): whether a location meets the conditions for each of the boxes (B, G, 4)."""
    near, far = boxes[:, None].chunk(2, dim=-1)  # (B, 1, G, 2)
    distances = _distances(locations.points, near, far)  # (B, P, G, 4)
    inside = distances.amin(-1) > 0
    if conditions.center_radius is not None:
        center = (near + far) / 2
        reach = locations.strides[:, None, None] * conditions.center_radius  # (P, 1, 1)
        inside &= _distances(locations.points, center - reach, center + reach).amin(-1) > 0
    bounds = torch.tensor(conditions.regress_ranges)  # (L, 2)
    bounds = bounds.repeat_interleave(torch.tensor(locations.counts), dim=0)  # (P, 2)
    low, high = bounds.split(1, dim=1)
    largest = distances.amax(-1)
    if conditions.range_bounds == 'inclusive':
        return inside & (low <= largest) & (largest <= high)
    return inside & (low < largest) & (largest < high)


def dense_assignment(locations: Locations, truth: GroundTruth, conditions: Conditions) -> Tensor:
    """Return (B, P): the index of the smallest box that claims each location, -1 for none.

    Among boxes of equal area the first wins.
    """
    claimed = dense_claims(locations, truth.boxes, conditions)  # (B, P, G)
    smallest = torch.where(claimed, truth.areas[:, None], INF).argmin(-1)
    return torch.where(claimed.any(-1), smallest, -1)


def _distances(points: Tensor, near: Tensor, far: Tensor) -> Tensor:
    """Eq. (1): l, t, r, b from points (P, 2) to the corners (B, 1 or P, G, 2) of boxes."""
    points = points[:, None]  # (P, 1, 2)
    return torch.cat([points - near, far - points], dim=-1)  # (B, P, G, 4)


@TASK_UTILS.register_module()
class FCOSAssigner:
    """Assigns boxes to locations: inside, in the regress range, smallest area.

    A location is positive for a box if it lies strictly inside the box and the
    largest of its distances l, t, r, b is within the regress range of its level.
    If several boxes claim it, the one with the smallest area wins; for equal areas,
    the first. On a CPU the cost grows with the number of positives, not with
    locations times boxes.

    Args:
        regress_ranges: (m_{i-1}, m_i) of each level, in pixels; m_i may be None.
        range_bounds: ``'inclusive'``, the bounds belong to the range (the paper), or
            ``'strict'``, they do not (torchvision, detectron2).
        center_sampling_radius: If None, any location inside a box can be positive
            (the paper). Otherwise only locations less than radius * stride from the
            center of the box in x and in y (released improvement: 1.5).
        crowd: How crowd boxes are used: ``'drop'``, not at all (all released codes);
            ``'ignore'``, negatives inside them are excluded from the classification
            loss; ``'mask'``, locations inside them are excluded from every loss.

    Raises:
        ValueError: If an option is unknown, or a regress range is not a pair of
            numbers, is empty, or has an upper bound that is not positive.
    """

    def __init__(self,
                 *,
                 regress_ranges: Sequence[tuple[float, float | None]] = REGRESS_RANGES,
                 range_bounds: str = 'inclusive',
                 center_sampling_radius: float | None = None,
                 crowd: str = 'drop') -> None:
        check_choice('range_bounds', range_bounds, ('inclusive', 'strict'))
        check_choice('crowd', crowd, ('drop', 'ignore', 'mask'))
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
        """Return the targets of all locations of B images.

        Args:
            locations: The P locations of the feature maps.
            truth: Boxes of the B images.
            background: Label of a location without a box.

        Raises:
            ValueError: If the number of regress ranges differs from the number of levels.
        """
        order = truth.areas.argsort(dim=1, stable=True)  # (B, G)
        boxes = truth.boxes.take_along_dim(order[..., None], dim=1)  # (B, G, 4)
        none = order.size(1)  # the rank of no box
        rank = lowest_rank(locations, boxes, self._conditions(locations))  # (B, P)
        class_weight = boxes.new_ones(()).expand_as(rank)
        if self.crowd != 'drop' and truth.crowd.size(1):
            crowded = _inside(locations, truth.crowd)
            if self.crowd == 'mask':
                rank = torch.where(crowded, none, rank)
            class_weight = ((rank < none) | ~crowded).float()
        positive = rank < none
        image = torch.arange(len(rank), dtype=rank.dtype, device=rank.device)[:, None]
        row = rank.add_(image * (none + 1))  # (B, P)
        # Eq. (1): (l, t, r, b) = (x, y, -x, -y) - (x0, y0, -x1, -y1); -inf where there is no box.
        distances = _look_up(row, mirrored(boxes), INF)  # (B, P, 4)
        torch.sub(locations.mirrored, distances, out=distances)
        return Targets(
            positive=positive,
            labels=_look_up(row, truth.labels.gather(1, order), background),
            distances=distances.clamp_(min=0),
            gt_index=_look_up(row, order, -1),
            class_weight=class_weight)

    @torch.no_grad()
    def claims(self, locations: Locations, truth: GroundTruth) -> Claims:
        """Return all claims, for analysis; arguments as for :meth:`assign`, on the CPU."""
        address, box = claimed_cells(locations, truth.boxes, self._conditions(locations))
        if self.crowd == 'mask' and truth.crowd.size(1):
            free = ~_inside(locations, truth.crowd).flatten()[address]
            address, box = address[free], box[free]
        num_locations = len(locations.points)
        return Claims(address // num_locations, address % num_locations, box)

    @torch.no_grad()
    def claim_counts(self, locations: Locations, boxes: Tensor) -> Tensor:
        """Return (L, N): how many locations of each level boxes (N, 4) claim, on the CPU."""
        return claim_counts(locations, boxes, self._conditions(locations))

    def _conditions(self, locations: Locations) -> Conditions:
        if len(self.regress_ranges) != len(locations.levels):
            raise ValueError(
                f'expected one regress range for each of {len(locations.levels)} levels, got '
                f'{len(self.regress_ranges)}: set assigner.regress_ranges to fit the strides')
        return Conditions(self.regress_ranges, self.range_bounds, self.center_sampling_radius)


def pad_ground_truth(
        gt_instances: Sequence[InstanceData],
        gt_instances_ignore: Sequence[InstanceData | None] | None = None,
        *,
        img_metas: Sequence[dict] | None = None,
        box_convention: str = 'continuous') -> GroundTruth:
    """Put the boxes of all images into padded tensors.

    Args:
        gt_instances: ``bboxes`` (g, 4) and ``labels`` (g,) of each image.
        gt_instances_ignore: ``bboxes`` of the crowd boxes of each image, or None.
        img_metas: ``scale_factor`` (w, h) of each image, used under ``'pixel'``.
        box_convention: ``'continuous'``, a box extends from x0 to x1, or
            ``'pixel'``, x1 is the last pixel of the box and its width is
            x1 - x0 + 1 (the official code, whose boxes lose their last pixel
            before resizing).
    """
    boxes = _pad([get_box_tensor(gt.bboxes).float() for gt in gt_instances])  # (B, G, 4)
    labels = _pad([gt.labels for gt in gt_instances])  # (B, G)
    none = boxes.new_zeros((0, 4))
    crowd = pad_sequence([
        none if gt is None else get_box_tensor(gt.bboxes).float()
        for gt in gt_instances_ignore or [None] * len(boxes)
    ], batch_first=True)  # (B, K, 4)
    extra = BOX_CONVENTIONS[box_convention]
    if extra:
        last_pixel = scale_factors(img_metas, boxes.device)[:, None]  # (B, 1, 4)
        last_pixel = F.pad(extra * last_pixel[..., 2:], (2, 0))  # (B, 1, 4), zeros for x0 and y0
        boxes, crowd = boxes - last_pixel, crowd - last_pixel
    width, height = (boxes[..., 2:] - boxes[..., :2] + extra).unbind(-1)
    return GroundTruth(boxes=boxes, labels=labels, areas=width * height, crowd=crowd)


def truth_at_input_size(sample: DetDataSample) -> InstanceData:
    """Return a copy of an image's boxes at test in the size of the network's input.

    mmdet's test pipelines load them in the size of the original image.

    Raises:
        UserError: If the image has none.
    """
    if 'gt_instances' not in sample:
        raise UserError(
            'The center-ness of the ground truth needs ground truth at test.\n'
            "Put dict(type='LoadAnnotations', with_bbox=True) after Resize into the test pipeline.")
    truth = sample.gt_instances.clone()
    truth.bboxes = get_box_tensor(truth.bboxes)
    truth.bboxes = truth.bboxes * scale_factors([sample.metainfo], truth.bboxes.device)
    return truth


def _pad(tensors: list[Tensor]) -> Tensor:
    """Stack (g, ...) tensors to (B, G, ...) with zeros, G at least 1."""
    padded = pad_sequence(tensors, batch_first=True)
    return padded if padded.size(1) else padded.new_zeros((len(tensors), 1, *padded.shape[2:]))


def _regress_range(bounds: Sequence[float | None]) -> tuple[float, float]:
    """Return a pair of floats; an upper end of None, inf or >= 1e8 (mmdet's INF) is inf."""
    try:
        low, high = bounds
        low, high = float(low), INF if high is None else float(high)
    except (TypeError, ValueError):
        raise ValueError('regress_ranges must hold a pair (m_(i-1), m_i) in pixels for each level, '
                         f'got {bounds!r}') from None
    if not (low < high and high > 0):
        raise ValueError(
            f'a regress range must have m_(i-1) < m_i and m_i > 0, got {tuple(bounds)}')
    return low, INF if high >= 1e8 else high


def _inside(locations: Locations, boxes: Tensor) -> Tensor:
    """Return (B, P): whether a location lies inside one of boxes (B, K, 4)."""
    anywhere = Conditions(((0., INF), ) * len(locations.levels))
    return lowest_rank(locations, boxes, anywhere) < boxes.size(1)


def _look_up(row: Tensor, values: Tensor, otherwise: float) -> Tensor:
    """Return (B, P, ...) of the boxes' values (B, G, ...), or ``otherwise`` where there is no box.

    ``row`` (B, P) is image * (G + 1) + rank of the box, rank G for none.
    """
    table = F.pad(values, [0, 0] * (values.dim() - 2) + [0, 1], value=otherwise)  # (B, G + 1, ...)
    return table.flatten(0, 1).index_select(0, row.flatten()).unflatten(0, row.shape)
