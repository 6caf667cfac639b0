"""Center-ness (paper, Sec. 3.3): how close a location is to the center of its box."""
import torch
from torch import Tensor

from fcos_mm.errors import check_choice
from fcos_mm.models.structures import Predictions, Targets
from fcos_mm.registry import TASK_UTILS


@TASK_UTILS.register_module()
class Centerness:
    """Which center-ness multiplies the class score, and where it is learned.

    Args:
        source: What is used at test time: ``'branch'``, the learned center-ness
            (the paper); ``'predicted_box'``, Eq. (3) of the predicted distances
            (Table 5, dagger); ``'none'``.
        branch: Whether the head has the branch and trains it.
        position: The tower that the branch is attached to: ``'cls'``, next to
            classification (the paper), or ``'reg'`` (released improvement).
        num_convs: Number of convolutions in the branch before its last layer: none
            in the paper, and as many as a tower in its deeper variant.

    Raises:
        ValueError: If an option is unknown, or ``source='branch'`` without the branch.
    """
    name = 'centerness'

    def __init__(self,
                 *,
                 source: str = 'branch',
                 branch: bool = True,
                 position: str = 'cls',
                 num_convs: int = 0) -> None:
        check_choice('centerness.source', source, ('branch', 'predicted_box', 'none'))
        check_choice('centerness.position', position, ('cls', 'reg'))
        if source == 'branch' and not branch:
            raise ValueError("centerness.source='branch' needs centerness.branch=True")
        self.source = source
        self.branch = branch
        self.position = position
        self.num_convs = num_convs

    def target(self, predictions: Predictions, targets: Targets) -> Tensor:
        """Return (B, P): Eq. (3) of the assigned boxes."""
        return centerness_target(targets.distances)

    def factor(self, predictions: Predictions) -> Tensor | None:
        """Return the (B, P) factor of the class scores, or None if there is none."""
        if self.source == 'none':
            return None
        if self.source == 'predicted_box':
            return centerness_target(predictions.distances)
        return predictions.quality_logits.sigmoid()


def centerness_target(distances: Tensor) -> Tensor:
    """Eq. (3): sqrt(min(l, r) / max(l, r) * min(t, b) / max(t, b)) of distances (..., 4).

    Returns:
        (...) from 0 to 1; 0 where the location is not inside its box.
    """
    left, top, right, bottom = distances.unbind(-1)
    return torch.sqrt(_ratio(left, right) * _ratio(top, bottom))


def _ratio(near: Tensor, far: Tensor) -> Tensor:
    larger = torch.maximum(near, far).clamp(min=torch.finfo(near.dtype).tiny)
    return torch.minimum(near, far).clamp(min=0) / larger
