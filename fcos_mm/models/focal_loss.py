"""The classification loss of Eq. (2): focal loss (Lin et al., ICCV 2017).

The class logits are by far the largest output (7 million numbers for four
images of 800 x 1333), so the loss reads them once: value and gradient come
from the same pass, the sigmoid is shared, no one-hot targets are built and
nothing is gathered by a mask. Every classifier is taken as negative first,
then the one of the label is put right.
"""
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from fcos_mm.registry import MODELS

#: Numbers a CPU works on at a time: what is in between stays in its cache, and torch
#: does not split so few among threads, which would wait for each other every time.
CHUNK = 1 << 15


def negative_term(logits: Tensor, gamma: float) -> tuple[Tensor, Tensor]:
    """Return p^gamma * -ln(1 - p) with p = sigmoid(logits), and its derivative."""
    p = logits.sigmoid()
    loss = F.softplus(logits)  # -ln(1 - p)
    scale = p * p if gamma == 2 else p**gamma
    grad = torch.addcmul(p, 1 - p, loss, value=gamma).mul_(scale)
    return loss.mul_(scale), grad


class FocalSum(torch.autograd.Function):
    """Sum of the focal losses of the C binary classifiers of N locations."""

    @staticmethod
    def forward(ctx, logits: Tensor, labels: Tensor, weight: Tensor | None, gamma: float,
                alpha: float) -> Tensor:
        """Return the sum, a scalar, and keep its gradient.

        Args:
            ctx: Holds the gradient.
            logits: (N, C) class logits, in row order or in column order.
            labels: (N,) class of each location, C for background.
            weight: (N,) factor of each location, or None.
            gamma: Focusing exponent.
            alpha: Weight of the positive class; 1 - alpha of the negative.
        """
        if weight is None:
            weight = torch.ones_like(labels, dtype=torch.float32)
        dtype = torch.promote_types(logits.dtype, torch.float32)
        grad = torch.empty_like(logits, dtype=dtype)
        total = logits.new_zeros((), dtype=dtype)
        for part, part_weight, part_grad in _portions(logits, (1 - alpha) * weight, grad):
            loss, slope = negative_term(part.to(dtype), gamma)
            total += loss.mul_(part_weight).sum()
            torch.mul(slope, part_weight, out=part_grad)
        column = labels.clamp(max=logits.size(1) - 1)[:, None]  # (N, 1)
        change, slope = _swapped(logits.gather(1, column)[:, 0].to(dtype), gamma, alpha)
        counted = torch.where(labels < logits.size(1), weight, 0.)
        grad.scatter_add_(1, column, (slope * counted)[:, None])
        ctx.save_for_backward(grad)
        ctx.dtype = logits.dtype
        return total + (change * counted).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output: Tensor):
        grad, = ctx.saved_tensors
        return (grad * grad_output).to(ctx.dtype), None, None, None, None


def _swapped(own: Tensor, gamma: float, alpha: float) -> tuple[Tensor, Tensor]:
    """Return what a positive adds in place of a negative (N,), and its derivative."""
    positive, positive_slope = negative_term(-own, gamma)
    negative, negative_slope = negative_term(own, gamma)
    return (alpha * positive - (1 - alpha) * negative,
            -alpha * positive_slope - (1 - alpha) * negative_slope)


def _portions(logits: Tensor, weight: Tensor,
              grad: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Cut logits (N, C), weight (N,) and grad (N, C) into parts that fit a CPU's cache.

    Elsewhere, and while the loss is compiled, there is one part.
    """
    weight = weight[:, None]  # (N, 1)
    if not logits.is_contiguous():  # column order
        logits, weight, grad = logits.t(), weight.t(), grad.t()
    weight = weight.expand_as(logits)
    rows, columns = logits.shape
    if logits.device.type == 'cpu' and not torch.compiler.is_compiling():
        rows, columns = max(1, CHUNK // columns), min(columns, CHUNK)
    for row in range(0, len(logits), rows):
        for column in range(0, logits.size(1), columns):
            part = slice(row, row + rows), slice(column, column + columns)
            yield logits[part], weight[part], grad[part]


@MODELS.register_module()
class SigmoidFocalLoss(nn.Module):
    """Focal loss over all locations, value and gradient in one pass.

    Called as mmdet's ``FocalLoss``, whose numerics it follows. Computed in
    float32 whatever the type of the logits.

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
                weight: Tensor | None = None,
                avg_factor: Tensor | None = None) -> Tensor:
        """Return the loss, a scalar.

        Args:
            logits: (N, C).
            labels: (N,), C for background.
            weight: (N,) factor of each location.
            avg_factor: What the sum is divided by; N without it.
        """
        total = FocalSum.apply(logits, labels, weight, self.gamma, self.alpha)
        return self.loss_weight * total / (len(labels) if avg_factor is None else avg_factor)
