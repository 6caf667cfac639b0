"""Center-ness (paper, Sec. 3.3): Eq. (3) and where it comes from."""

import torch
from torch import Tensor

from fcos_mm.models.assigner import Targets
from fcos_mm.models.predictions import Predictions
from fcos_mm.registry import TASK_UTILS

ORACLES = ('oracle', 'oracle_of_positives')
SOURCES = ('branch', 'predicted_box', *ORACLES, 'none')


def centerness_target(distances: Tensor) -> Tensor:
    """Eq. (3): sqrt(min(l, r) / max(l, r) * min(t, b) / max(t, b)).

    Args:
        distances: (..., 4) distances (l, t, r, b), in any unit.

    Returns:
        (...) center-ness between 0 and 1; 0 where the location does not lie
        inside its box.
    """
    left, top, right, bottom = distances.unbind(-1)
    return torch.sqrt(_balance(left, right) * _balance(top, bottom))


def _balance(near: Tensor, far: Tensor) -> Tensor:
    tiny = torch.finfo(near.dtype).tiny
    smaller, larger = torch.minimum(near, far), torch.maximum(near, far)
    return smaller.clamp(min=0) / larger.clamp(min=tiny)


@TASK_UTILS.register_module()
class Centerness:
    """Which center-ness multiplies the class score, and where it is learned.

    Args:
        source: What is used at test: ``'branch'``, the learned one (the
            paper); ``'predicted_box'``, Eq. (3) of the predicted distances
            (Table 5, dagger); ``'oracle'``, Eq. (3) of the ground truth
            (Sec. 4.1.2), 0 where a location answers for no box;
            ``'oracle_of_positives'``, where it answers for none the learned one
            (1 without the branch); ``'none'``.
        branch: Whether the head has the learned branch and trains it.
        position: The tower the branch stands on: ``'cls'``, beside
            classification (the paper), or ``'reg'`` (released improvement).
        num_convs: Convolutions of the branch's own before its last layer; the
            paper has none, and as many as a tower in its deeper variant.

    Raises:
        ValueError: If an option is unknown, or the source is a branch that is
            not there.
    """

    def __init__(self,
                 *,
                 source: str = 'branch',
                 branch: bool = True,
                 position: str = 'cls',
                 num_convs: int = 0) -> None:
        if source not in SOURCES:
            raise ValueError(f'centerness.source must be one of {SOURCES}, got {source!r}')
        if position not in ('cls', 'reg'):
            raise ValueError(f"centerness.position must be 'cls' or 'reg', got {position!r}")
        if source == 'branch' and not branch:
            raise ValueError("centerness.source='branch' needs centerness.branch=True")
        self.source = source
        self.branch = branch
        self.position = position
        self.num_convs = num_convs

    def factor(self, predictions: Predictions, truth: Targets | None = None) -> Tensor | None:
        """Return the (B, P) factor of the class scores, or None for none.

        Args:
            predictions: The network's outputs.
            truth: For an oracle, the targets of the same locations.

        Raises:
            ValueError: If an oracle has no ground truth.
        """
        if self.source == 'none':
            return None
        if self.source == 'predicted_box':
            return centerness_target(predictions.distances)
        if self.source == 'branch':
            return predictions.centerness_logits.sigmoid()
        if truth is None:
            raise ValueError(f'centerness.source={self.source!r} needs ground truth at test: call '
                             'predict() with data samples that hold gt_instances')
        elsewhere = 0.
        if self.source == 'oracle_of_positives':
            logits = predictions.centerness_logits
            elsewhere = 1. if logits is None else logits.sigmoid()
        return torch.where(truth.positive, centerness_target(truth.distances), elsewhere)
