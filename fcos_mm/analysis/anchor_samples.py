"""The anchor boxes that mmdet's own assigner gives to boxes (paper, Table 1).

The paper's Table 1 was made with Detectron, which differs from mmdet in the anchors of RetinaNet:
their sides are rounded before they are scaled, they are centered in the cell, and a low-quality
match gives an anchor to the box that it overlaps most, not to the box it is best for.
"""
import copy
from typing import NamedTuple

import numpy as np
import torch
from mmdet.models.dense_heads import AnchorHead
from mmdet.models.task_modules import (
    AnchorGenerator,
    AssignResult,
    BboxOverlaps2D,
    MaxIoUAssigner,
)
from torch import Tensor

from fcos_mm.analysis.anchor_candidates import anchor_candidates, anchor_grid
from fcos_mm.analysis.input_size import InputBoxes
from fcos_mm.analysis.samples import Assigned, Level
from fcos_mm.errors import UserError

#: Settings of the assigner for Table 1's rules: which matches below the threshold count.
LOW_QUALITY_MATCHES = {
    'none': dict(match_low_quality=False),
    '>= 0.4': dict(match_low_quality=True, min_pos_iou=0.4),
    'all': dict(match_low_quality=True, min_pos_iou=0.0),
}


class Overlaps(NamedTuple):
    """The overlaps of an image's boxes with the K anchors that may be positive."""
    index: np.ndarray  # (K,) among the anchors of the image
    values: Tensor  # (G, K) IoU
    counts: tuple[int, ...]  # anchors of each level


class AnchorSamples:
    """The anchors of an anchor-based head as samples, with the reasons why a box may get none.

    Raises:
        UserError: If the assigner is no ``MaxIoUAssigner`` or its settings use more than IoU.
    """
    kind = 'anchor'
    reasons = dict(
        outranked='other boxes win all anchors that it claims',
        low_iou='no anchor overlaps it enough')

    def __init__(self, head: AnchorHead) -> None:
        _check_supported(head)
        self.generator = head.prior_generator
        self.assigner = head.assigner
        self.allowed_border = head.train_cfg.get('allowed_border', -1)
        self.levels = [Level(max(stride)) for stride in self.generator.strides]

    def overlaps(self, image: InputBoxes) -> Overlaps:
        """Compute the overlaps that decide the assignment of an image."""
        inside = (*image.size, self.allowed_border) if self.allowed_border >= 0 else None
        grid = anchor_grid(self.generator, image.feature_sizes(self.generator.strides), inside)
        index, anchors = anchor_candidates(grid, image.boxes, self.assigner.pos_iou_thr)
        return Overlaps(index, self.assigner.iou_calculator(image.boxes, anchors), grid.counts)

    def assign(self, image: InputBoxes) -> Assigned:
        overlaps = self.overlaps(image)
        answered = self.assigner.assign_wrt_overlaps(overlaps.values, image.categories).gt_inds - 1
        claimant, claimed = _claims(overlaps.values, self.assigner).nonzero(as_tuple=True)
        positive = (answered >= 0).numpy()
        return Assigned(overlaps.index[claimed.numpy()], claimant.numpy(),
                        overlaps.index[positive], answered.numpy()[positive], overlaps.counts)

    def why(self, image: InputBoxes, assigned: Assigned) -> list[str]:
        """For each box whether it lost its anchors or claims none."""
        reason = np.full(len(image.boxes), 'low_iou', dtype=object)
        reason[assigned.claimant] = 'outranked'
        return reason.tolist()

    def with_rule(self, name: str) -> MaxIoUAssigner:
        """The assigner under one of the rules in ``LOW_QUALITY_MATCHES``."""
        assigner = copy.copy(self.assigner)
        for key, value in LOW_QUALITY_MATCHES[name].items():
            setattr(assigner, key, value)
        return assigner


def _claims(overlaps: Tensor, assigner: MaxIoUAssigner) -> Tensor:
    """(G, K): whether an anchor meets a condition of the assignment for a box."""
    claims = overlaps >= assigner.pos_iou_thr
    if not assigner.match_low_quality or not overlaps.size(1):
        return claims
    best, first = overlaps.max(dim=1, keepdim=True)  # (G, 1)
    is_best = (overlaps == best if assigner.gt_max_assign_all
               else torch.zeros_like(claims).scatter_(1, first, True))
    return claims | (is_best & (best >= assigner.min_pos_iou))


def _check_supported(head: AnchorHead) -> None:
    assigner, generator = getattr(head, 'assigner', None), head.prior_generator
    remedy = 'Statistics of anchors are for AnchorGenerator with MaxIoUAssigner and IoU alone.'
    if type(assigner) is not MaxIoUAssigner or not isinstance(generator, AnchorGenerator):
        raise UserError(f'The assigner {type(assigner).__name__} of the config, with '
                        f'{type(generator).__name__}, is not supported.\n{remedy}')
    if (assigner.ignore_iof_thr > 0 or assigner.perm_repeat_gt_cfg is not None
            or type(assigner.iou_calculator) is not BboxOverlaps2D):
        raise UserError('ignore_iof_thr, perm_repeat_gt_cfg and iou_calculator of MaxIoUAssigner '
                        f'are not supported.\n{remedy}')


class OwnBestAssigner(MaxIoUAssigner):
    """``MaxIoUAssigner`` that gives every positive anchor to its own best box, as Detectron."""

    def assign_wrt_overlaps(self, overlaps: Tensor, gt_labels: Tensor) -> AssignResult:
        """Assign by overlaps (G, K) of boxes with labels (G,)."""
        result = super().assign_wrt_overlaps(overlaps, gt_labels)
        positive = result.gt_inds > 0
        if positive.any():
            own_best = overlaps.argmax(dim=0)  # (K,)
            result.gt_inds[positive] = own_best[positive] + 1
            result.labels[positive] = gt_labels[own_best[positive]]
        return result


class PublishedAnchorSamples(AnchorSamples):
    """The anchors of RetinaNet, with the sizes and thresholds of the head, as in Detectron."""

    def __init__(self, head: AnchorHead) -> None:
        super().__init__(head)
        settings = head.train_cfg['assigner']
        self.assigner = OwnBestAssigner(**{k: v for k, v in settings.items() if k != 'type'})
        self.generator.base_anchors = detectron_anchors(self.generator)

    def overlaps(self, image: InputBoxes) -> Overlaps:
        # the last pixel was taken off before the resize and belongs to the box after it
        last_pixel = image.boxes.new_tensor([0, 0, 1 - image.factor[0], 1 - image.factor[1]])
        return super().overlaps(image._replace(boxes=image.boxes + last_pixel))


def detectron_anchors(generator: AnchorGenerator) -> list[Tensor]:
    """The anchors of each level's first cell, (A, 4) each, as Detectron makes them."""
    anchors = []
    for stride_x, stride_y in generator.strides:
        width = (stride_x * stride_y / generator.ratios).sqrt().round()  # (R,)
        side = torch.stack([width, (width * generator.ratios).round()], dim=1)  # (R, 2)
        side = (side[:, None] * generator.scales[:, None]).flatten(0, 1)  # (A, 2)
        center = torch.tensor([stride_x, stride_y]) / 2
        anchors.append(torch.cat([center - side / 2, center + side / 2], dim=1))
    return anchors
