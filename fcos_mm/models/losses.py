"""The training loss (paper, Eq. 2 and Sec. 3.3): classification, boxes, and their quality."""
import contextlib
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from mmdet.utils import ConfigType, reduce_mean
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from fcos_mm.compat.new_tensor import FillNewTensors
from fcos_mm.errors import check_choice
from fcos_mm.models.branches.centerness import centerness_target
from fcos_mm.models.locations import flatten_levels
from fcos_mm.models.moving_average import MovingAverage
from fcos_mm.models.structures import Predictions, QualityBranch, Targets
from fcos_mm.registry import MODELS

FORMS = ('log', 'smoothed_log', 'smoothed_giou', 'linear')
#: Elements per chunk on a CPU: intermediate results stay in its cache, and torch runs
#: so few on one thread, which saves synchronizing threads at every operation.
CHUNK = 1 << 15


@MODELS.register_module()
class FCOSLoss(nn.Module):
    """Eq. (2) over all locations, with masks instead of gathering.

    The sums are divided by the number of positives over all ranks (mean per rank), with a
    single all-reduce that every rank runs. Nothing here synchronises with the device.

    Args:
        loss_cls: Focal loss of logits (N, C), labels (N,) and ``weight`` (N,).
        loss_bbox: Loss of boxes (N, 4): :class:`LTRBIoULoss`, or any of mmdet's
            (``mmdet.GIoULoss``, ``mmdet.DIoULoss``, ``mmdet.L1Loss``, ...).
        loss_centerness: Binary cross entropy on the logit of the quality branch.
        bbox_weight: ``'none'``, all positives count equally and the sum is divided by N_pos
            (the paper); ``'centerness'``, positives are weighted by the center-ness target and
            the sum is divided by the sum of the weights (official code, mmdet).
        normalizer: ``'positives'``, N_pos of the batch, at least 1, or ``'moving_average'`` of
            it over the steps, updated before it divides: steadier where positives are few.
        averaged: What the moving average divides: ``'cls'``, the classification alone
            (AdelaiDet's ``moving_fg``), or ``'all'`` that N_pos would (detectron2; its initial
            value is 300, and each of its ranks averages its own).
        momentum: Weight of the old average.
        initial: The average before the first step.
    """

    def __init__(self,
                 *,
                 loss_cls: ConfigType = dict(type='fcos_mm.SigmoidFocalLoss'),
                 loss_bbox: ConfigType = dict(type='fcos_mm.LTRBIoULoss'),
                 loss_centerness: ConfigType = dict(
                     type='mmdet.CrossEntropyLoss', use_sigmoid=True),
                 bbox_weight: str = 'none',
                 normalizer: str = 'positives',
                 averaged: str = 'cls',
                 momentum: float = 0.9,
                 initial: float = 100.) -> None:
        super().__init__()
        check_choice('bbox_weight', bbox_weight, ('none', 'centerness'))
        check_choice('normalizer', normalizer, ('positives', 'moving_average'))
        check_choice('averaged', averaged, ('cls', 'all'))
        self.loss_cls = MODELS.build(loss_cls)
        self.loss_bbox = MODELS.build(loss_bbox)
        self.loss_centerness = MODELS.build(loss_centerness)
        self.bbox_weight = bbox_weight
        self.averaged = averaged
        self.num_pos = None
        if normalizer == 'moving_average':
            self.num_pos = MovingAverage(momentum=momentum, initial=initial)

    def forward(self,
                predictions: Predictions,
                targets: Targets,
                quality: QualityBranch,
                strides: Tensor | None = None) -> dict[str, Tensor]:
        """Return ``loss_cls``, ``loss_bbox`` and, with a quality branch, ``loss_{name}``.

        A quality branch also adds ``{name}_above_floor`` to the log; without "loss" in
        its name it is not optimised. Cross entropy cannot fall below the entropy of its
        target, about 0.6 for center-ness; this value is the difference. Pass ``strides``
        (P,) if the predicted distances are in strides; target distances are in pixels.
        """
        positive = targets.positive.float()  # (B, P)
        if strides is not None:
            targets = targets._replace(distances=targets.distances / strides[:, None])
        centerness = centerness_target(targets.distances)  # (B, P), 0 at negatives
        sums = reduce_mean(torch.stack([positive.sum(), centerness.sum()]))
        num_pos = cls_divisor = sums[0].clamp(min=1)
        if self.num_pos is not None:
            cls_divisor = self.num_pos(num_pos)
            num_pos = cls_divisor if self.averaged == 'all' else num_pos
        weight, divisor = positive, num_pos
        if self.bbox_weight == 'centerness':
            weight, divisor = centerness, sums[1].clamp(min=1e-6)
        losses = dict(
            loss_cls=self.loss_cls(
                flatten_levels(predictions.class_maps).flatten(0, 1),
                targets.labels.flatten(),
                weight=targets.class_weight.flatten(),
                avg_factor=cls_divisor),
            loss_bbox=self._box_loss(predictions.distances, targets.distances, weight) / divisor)
        if predictions.quality_logits is not None:
            losses.update(quality_loss(
                self.loss_centerness, quality.name, predictions.quality_logits,
                quality.target(predictions, targets), targets.positive, num_pos))
        return losses

    def _box_loss(self, predicted: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Return the sum over distances (B, P, 4) with weights (B, P).

        A location of weight 0 adds neither to the loss nor to the gradient,
        whatever it predicts. Weighted here: inside mmdet's losses that would wait for the device.
        """
        counted = (weight > 0)[..., None]
        predicted, target = (
            boxes_around(torch.where(counted, distances, 1.)).flatten(0, 1)  # (B * P, 4)
            for distances in (predicted, target))
        with contextlib.nullcontext() if torch.compiler.is_compiling() else FillNewTensors():
            loss = self.loss_bbox(predicted, target, reduction_override='none')
        if loss.dim() == 2:  # of each side, as L1Loss and BoundedIoULoss
            loss = loss.sum(1)
        return (loss * weight.flatten()).sum()


def quality_loss(criterion: nn.Module, name: str, logits: Tensor, target: Tensor,
                 positive: Tensor, num_pos: Tensor) -> dict[str, Tensor]:
    """Return ``loss_{name}`` and ``{name}_above_floor`` of logits (B, P) at the positives."""
    target, weight = torch.where(positive, target, 0.).flatten(), positive.float().flatten()
    loss = criterion(logits.flatten(), target, weight=weight, avg_factor=num_pos)
    entropy = torch.special.entr(target) + torch.special.entr(1 - target)  # 0 at 0 and 1
    above = loss.detach() - entropy.sum() / num_pos * criterion.loss_weight
    return {f'loss_{name}': loss, f'{name}_above_floor': above}


@MODELS.register_module()
class LTRBIoULoss(nn.Module):
    """IoU loss in the form of the paper and the forms of its released code.

    The released code smooths the IoU of intersection I and union U to
    S = (I + 1) / (U + 1), in pixels, or in strides where the distances are.

    Args:
        form: ``'log'``, -ln IoU as in UnitBox (the paper). Of the released code
            ``'smoothed_log'``, -ln S, ``'smoothed_giou'``, 1 - S + (E - U) / E
            with the enclosing area E + 1e-7 (its improvement), and
            ``'linear'``, 1 - S.
        eps: Floor of the union and of the IoU under ``'log'``.
        loss_weight: Factor of the loss, lambda of Eq. (2).
    """

    def __init__(self, *, form: str = 'log', eps: float = 1e-6, loss_weight: float = 1.0) -> None:
        super().__init__()
        if form == 'giou':
            raise ValueError("form='giou' is mmdet's: set loss_bbox=dict(type='mmdet.GIoULoss')")
        check_choice('form', form, FORMS)
        self.form = form
        self.eps = eps
        self.loss_weight = loss_weight

    def forward(self, pred: Tensor, target: Tensor, *, reduction_override: str) -> Tensor:
        """Return the unreduced loss (N,) of boxes (N, 4) around their locations."""
        return self.loss_weight * self._unweighted(pred, target)

    def _unweighted(self, pred: Tensor, target: Tensor) -> Tensor:
        intersection, union = overlap(pred, target)
        if self.form == 'log':
            iou = intersection / union.clamp(min=self.eps)
            return -torch.log(iou.clamp(min=self.eps))
        iou = (intersection + 1) / (union + 1)
        if self.form == 'smoothed_log':
            return -torch.log(iou)
        if self.form == 'linear':
            return 1 - iou
        (near, far), (other_near, other_far) = pred.chunk(2, dim=-1), target.chunk(2, dim=-1)
        enclosing = _area(torch.minimum(near, other_near), torch.maximum(far, other_far)) + 1e-7
        return 1 - (iou - (enclosing - union) / enclosing)


def boxes_around(distances: Tensor) -> Tensor:
    """Return distances (..., 4) as boxes (-l, -t, r, b) around the location.

    Each side is contiguous in memory over all boxes, which makes box losses faster.
    """
    left, top, right, bottom = distances.unbind(-1)
    return torch.stack([-left, -top, right, bottom]).movedim(0, -1)


def overlap(boxes: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Return the intersection and the union (...) of boxes (..., 4) that share a point."""
    (near, far), (other_near, other_far) = boxes.chunk(2, dim=-1), others.chunk(2, dim=-1)
    intersection = _area(torch.maximum(near, other_near), torch.minimum(far, other_far))
    return intersection, _area(near, far) + _area(other_near, other_far) - intersection


def _area(near: Tensor, far: Tensor) -> Tensor:
    width, height = (far - near).unbind(-1)
    return width * height


@MODELS.register_module()
class SigmoidFocalLoss(nn.Module):
    """Focal loss (Lin et al., ICCV 2017), value and gradient in one pass.

    Equivalent to mmdet's ``FocalLoss``, but always in float32, whatever the dtype of the logits.
    """

    def __init__(self, *, gamma: float = 2., alpha: float = 0.25, loss_weight: float = 1.) -> None:
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
            avg_factor: Divisor of the sum; N if None.
        """
        total = FocalSum.apply(logits, labels, weight, self.gamma, self.alpha)
        return self.loss_weight * total / (len(labels) if avg_factor is None else avg_factor)


def negative_term(logits: Tensor, gamma: float) -> tuple[Tensor, Tensor]:
    """Return p^gamma * -ln(1 - p) with p = sigmoid(logits), and its derivative."""
    p = logits.sigmoid()
    loss = F.softplus(logits)  # -ln(1 - p)
    scale = p * p if gamma == 2 else p**gamma
    grad = torch.addcmul(p, 1 - p, loss, value=gamma).mul_(scale)
    return loss.mul_(scale), grad


class FocalSum(torch.autograd.Function):
    """Sum of the focal losses of the C binary classifiers of N locations.

    The class logits are by far the largest output (7 million numbers for four
    images of 800 x 1333), so they are read only once: value and gradient come from the
    same pass, without one-hot targets or mask indexing. All classifiers are first
    computed as negatives; the one of the label is then corrected.
    """

    @staticmethod
    def forward(ctx, logits: Tensor, labels: Tensor, weight: Tensor | None, gamma: float,
                alpha: float) -> Tensor:
        """Sum over logits (N, C), in row or column order."""
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
    """Cut logits (N, C), weight (N,) and grad (N, C) into parts that fit a CPU's cache."""
    weight = weight[:, None]  # (N, 1)
    if not logits.is_contiguous():  # column order
        logits, weight, grad = logits.t(), weight.t(), grad.t()
    weight = weight.expand_as(logits)
    rows, columns = logits.shape
    if logits.device.type == 'cpu' and not torch.compiler.is_compiling():  # else one part
        rows, columns = max(1, CHUNK // columns), min(columns, CHUNK)
    for row in range(0, len(logits), rows):
        for column in range(0, logits.size(1), columns):
            part = slice(row, row + rows), slice(column, column + columns)
            yield logits[part], weight[part], grad[part]
