"""The regression loss of Eq. (2): IoU of two boxes seen from one location."""

import torch
from torch import Tensor, nn

from fcos_mm.registry import MODELS

FORMS = ('log', 'smoothed_log', 'giou', 'smoothed_giou', 'linear')


@MODELS.register_module()
class LTRBIoULoss(nn.Module):
    """IoU loss between distances (l, t, r, b) from the same location.

    The released code smooths the IoU of intersection I and union U to
    S = (I + 1) / (U + 1), in pixels, or in strides where the distances are.

    Args:
        form: ``'log'``, -ln IoU as in UnitBox (the paper), or ``'giou'``,
            1 - GIoU (mmdet). Of the released code ``'smoothed_log'``, -ln S,
            ``'smoothed_giou'``, 1 - S + (E - U) / E with the enclosing area
            E + 1e-7 (its improvement), and ``'linear'``, 1 - S.
        eps: Floor of the union, of the enclosing area and of the IoU under
            the logarithm, for the two forms that are not smoothed.
        loss_weight: Factor of the loss, lambda of Eq. (2).

    Raises:
        ValueError: If ``form`` is none of these.
    """

    def __init__(self, *, form: str = 'log', eps: float = 1e-6, loss_weight: float = 1.0) -> None:
        super().__init__()
        if form not in FORMS:
            raise ValueError(f'form must be one of {FORMS}, got {form!r}')
        self.form = form
        self.eps = eps
        self.loss_weight = loss_weight

    def forward(self, predicted: Tensor, target: Tensor, weight: Tensor,
                avg_factor: Tensor) -> Tensor:
        """Return the weighted sum over all locations divided by ``avg_factor``.

        Args:
            predicted: (..., 4) predicted distances, not negative.
            target: (..., 4) target distances.
            weight: (...) weight of each location. A location of weight 0 adds
                neither to the loss nor to the gradient, whatever it predicts.
            avg_factor: Scalar divisor.
        """
        counted = (weight > 0)[..., None]
        predicted = torch.where(counted, predicted, 1.)
        target = torch.where(counted, target, 1.)
        loss = self._elementwise(predicted, target) * weight
        return self.loss_weight * loss.sum() / avg_factor

    def _elementwise(self, predicted: Tensor, target: Tensor) -> Tensor:
        intersection, union = overlap(predicted, target)
        if self.form in ('log', 'giou'):
            iou = intersection / union.clamp(min=self.eps)
        else:
            iou = (intersection + 1) / (union + 1)
        if self.form == 'linear':
            return 1 - iou
        if self.form == 'smoothed_log':
            return -torch.log(iou)
        if self.form == 'log':
            return -torch.log(iou.clamp(min=self.eps))
        enclosing = area(torch.maximum(predicted, target))
        smoothed = self.form == 'smoothed_giou'
        enclosing = enclosing + 1e-7 if smoothed else enclosing.clamp(min=self.eps)
        return 1 - (iou - (enclosing - union) / enclosing)


def area(distances: Tensor) -> Tensor:
    """Return the (...) area of the boxes with distances (..., 4)."""
    left, top, right, bottom = distances.unbind(-1)
    return (left + right) * (top + bottom)


def overlap(predicted: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return the intersection and the union (...) of boxes (..., 4)."""
    intersection = area(torch.minimum(predicted, target))
    return intersection, area(predicted) + area(target) - intersection
