"""The classification loss of Eq. (2): focal loss (Lin et al., ICCV 2017)."""
from typing import Optional

import torch
import torch.nn.functional as F
from mmdet.models.losses.utils import weight_reduce_loss
from torch import Tensor, nn

from fcos_mm.registry import MODELS


def sigmoid_focal_loss(logits: Tensor, labels: Tensor, *, gamma: float, alpha: float) -> Tensor:
    """Sum of the focal losses of the C binary classifiers of each location.

    Every classifier is taken as negative first, then the one of the label is
    put right: no one-hot targets are built, and nothing is gathered by a mask.

    Args:
        logits: (N, C) class logits.
        labels: (N,) class of each location, C for background.
        gamma: Focusing exponent.
        alpha: Weight of the positive class; 1 - alpha of the negative.

    Returns:
        (N,) loss of each location.
    """
    num_classes = logits.size(1)
    foreground = labels < num_classes
    own = logits.gather(1, labels.clamp(max=num_classes - 1)[:, None])[:, 0]  # (N,)
    swap = alpha * _focal_term(-own, gamma) - (1 - alpha) * _focal_term(own, gamma)
    negatives = (1 - alpha) * _focal_term(logits, gamma).sum(1)
    return negatives + torch.where(foreground, swap, 0.)


def _focal_term(logits: Tensor, gamma: float) -> Tensor:
    """p^gamma * -ln(1 - p) with p = sigmoid(logits): the loss of a negative."""
    return logits.sigmoid().pow(gamma) * F.softplus(logits)


@MODELS.register_module()
class SigmoidFocalLoss(nn.Module):
    """Focal loss over all locations, without one-hot targets.

    Called as mmdet's ``FocalLoss``, whose numerics it follows.

    Args:
        gamma: Focusing exponent.
        alpha: Weight of the positive class.
        loss_weight: Factor of the loss.
    """

    def __init__(self,
                 *,
                 gamma: float = 2.0,
                 alpha: float = 0.25,
                 loss_weight: float = 1.0) -> None:
        super().__init__()
        self.gamma = gamma
        self.alpha = alpha
        self.loss_weight = loss_weight

    def forward(self,
                logits: Tensor,
                labels: Tensor,
                weight: Optional[Tensor] = None,
                avg_factor: Optional[Tensor] = None) -> Tensor:
        """Return the loss, a scalar.

        Args:
            logits: (N, C).
            labels: (N,), C for background.
            weight: (N,) factor of each location.
            avg_factor: What the sum is divided by; the mean without it.
        """
        loss = sigmoid_focal_loss(logits, labels, gamma=self.gamma, alpha=self.alpha)
        return self.loss_weight * weight_reduce_loss(loss, weight, avg_factor=avg_factor)
