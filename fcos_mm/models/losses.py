"""The training loss, Eq. (2), with the center-ness loss of Sec. 3.3 added."""

import torch
from mmdet.utils import ConfigType, reduce_mean
from torch import Tensor, nn

from fcos_mm.models.assigner import Targets
from fcos_mm.models.centerness import centerness_target
from fcos_mm.models.predictions import Predictions, flatten_levels
from fcos_mm.registry import MODELS


@MODELS.register_module()
class FCOSLoss(nn.Module):
    """Eq. (2) over all locations, masked instead of gathered.

    The sums are divided by the positives of all ranks (mean per rank), with
    one all-reduce that every rank runs whatever its batch holds. Nothing here
    waits for the device.

    Args:
        loss_cls: Focal loss, called with logits (N, C), labels (N,),
            ``weight`` (N,) and ``avg_factor``.
        loss_bbox: Loss of the distances, see :class:`LTRBIoULoss`.
        loss_centerness: Binary cross entropy on the center-ness logit.
        bbox_weight: ``'none'``, each positive counts the same and the sum is
            divided by N_pos (the paper); ``'centerness'``, weighted by the
            center-ness target and divided by its sum (official code, mmdet).

    Raises:
        ValueError: If ``bbox_weight`` is none of the two.
    """

    def __init__(self,
                 *,
                 loss_cls: ConfigType = dict(type='fcos_mm.SigmoidFocalLoss'),
                 loss_bbox: ConfigType = dict(type='fcos_mm.LTRBIoULoss'),
                 loss_centerness: ConfigType = dict(
                     type='mmdet.CrossEntropyLoss', use_sigmoid=True),
                 bbox_weight: str = 'none') -> None:
        super().__init__()
        if bbox_weight not in ('none', 'centerness'):
            raise ValueError(f"bbox_weight must be 'none' or 'centerness', got {bbox_weight!r}")
        self.loss_cls = MODELS.build(loss_cls)
        self.loss_bbox = MODELS.build(loss_bbox)
        self.loss_centerness = MODELS.build(loss_centerness)
        self.bbox_weight = bbox_weight

    def forward(self,
                predictions: Predictions,
                targets: Targets,
                strides: Tensor | None = None) -> dict[str, Tensor]:
        """Return ``loss_cls``, ``loss_bbox`` and, with a branch, ``loss_centerness``.

        With the latter comes ``centerness_above_floor``, for the log: its name
        keeps it out of the sum that is trained. Cross entropy cannot fall below
        the entropy of its target, which is about 0.6 for center-ness; this is
        how far above it the branch is, 0 where it predicts its target.

        Args:
            predictions: The network's outputs over all locations.
            targets: What the locations answer for, distances in pixels.
            strides: (P,) given when the predicted distances are in strides
                instead of pixels.
        """
        positive = targets.positive.float()  # (B, P)
        centerness = centerness_target(targets.distances) * positive  # (B, P)
        sums = reduce_mean(torch.stack([positive.sum(), centerness.sum()]))
        num_pos = sums[0].clamp(min=1)
        wanted = targets.distances if strides is None else targets.distances / strides[:, None]
        if self.bbox_weight == 'centerness':
            weight, divisor = centerness, sums[1].clamp(min=1e-6)
        else:
            weight, divisor = positive, num_pos
        losses = dict(
            loss_cls=self.loss_cls(
                flatten_levels(predictions.class_maps).flatten(0, 1),
                targets.labels.flatten(),
                weight=targets.class_weight.flatten(),
                avg_factor=num_pos),
            loss_bbox=self.loss_bbox(predictions.distances, wanted, weight, divisor))
        if predictions.centerness_logits is not None:
            losses['loss_centerness'] = self.loss_centerness(
                predictions.centerness_logits.flatten(),
                centerness.flatten(),
                weight=positive.flatten(),
                avg_factor=num_pos)
            floor = (binary_entropy(centerness) * positive).sum() / num_pos
            losses['centerness_above_floor'] = (
                losses['loss_centerness'].detach() - floor * self.loss_centerness.loss_weight)
        return losses


def binary_entropy(probability: Tensor) -> Tensor:
    """-p ln p - (1 - p) ln(1 - p), the least that cross entropy with target p can be.

    Args:
        probability: p, of any shape; 0 and 1 have no entropy.
    """
    return torch.special.entr(probability) + torch.special.entr(1 - probability)
