"""Sigmoid focal loss and its gradient (Lin et al., arXiv 1708.02002)."""
import torch
import torch.nn.functional as F
from torch import Tensor

from fcos_mm.compat.ops.common import at_least_float, full_precision, gradients


def sigmoid_focal_loss_forward(input: Tensor, target: Tensor, weight: Tensor, output: Tensor, *,
                               gamma: float, alpha: float) -> None:
    """Fill ``output`` with the loss of every class of every sample.

    Args:
        input: (N, C) logits.
        target: (N,) class of each sample; any other number is background.
        weight: (C,) weight of samples by their class, or empty; background has weight 1.
        output: (N, C).
        gamma: Exponent that plays down easy examples.
        alpha: Weight of positives; negatives have 1 - alpha.
    """
    with full_precision(input.device):
        output.copy_(_loss(at_least_float(input), target, weight, gamma, alpha))


def sigmoid_focal_loss_backward(input: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor,
                                *, gamma: float, alpha: float) -> None:
    """Fill ``grad_input`` (N, C) with the derivative of each loss by its logit."""
    logits = at_least_float(input)
    found = gradients(lambda input: _loss(input, target, weight, gamma, alpha),
                      dict(input=logits), ['input'], torch.ones_like(logits))
    grad_input.copy_(found['input'])


def _loss(logits: Tensor, target: Tensor, weight: Tensor, gamma: float, alpha: float) -> Tensor:
    """(N, C) the loss of every class of every sample."""
    classes = torch.arange(logits.shape[1], device=logits.device)
    positive = target[:, None] == classes
    log_p = F.logsigmoid(torch.where(positive, logits, -logits))  # p of the right answer
    balance = torch.where(positive, alpha, 1 - alpha)
    loss = -balance * (1 - log_p.exp()).pow(gamma) * log_p
    if weight.numel():
        foreground = (target >= 0) & (target < len(weight))
        of_sample = torch.where(foreground, weight[target.clamp(0, len(weight) - 1)], 1.0)
        loss = loss * of_sample[:, None]
    return loss
