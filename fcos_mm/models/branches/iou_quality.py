"""IoU in place of center-ness: how well a location's predicted box fits."""
from torch import Tensor

from fcos_mm.errors import check_choice
from fcos_mm.models.losses import boxes_around, overlap
from fcos_mm.models.structures import Predictions, Targets
from fcos_mm.registry import TASK_UTILS


@TASK_UTILS.register_module()
class IoUQuality:
    """Learns the IoU of the predicted box, which multiplies the class score at test time.

    "IoU-aware Single-stage Object Detector for Accurate Localization" (Wu et
    al., arXiv:1912.05992): one more layer on the regression tower, trained with
    binary cross entropy. AdelaiDet's FCOS has it as ``BOX_QUALITY='iou'``.

    Args:
        position: The tower that the branch is attached to, ``'reg'`` or ``'cls'``.
        num_convs: Number of convolutions in the branch before its last layer.
        smoothed: Whether it learns (I + 1) / (U + 1) of the intersection I and the union U, in
            pixels, or in strides where the distances are (AdelaiDet), instead of I / U.

    Raises:
        ValueError: If ``position`` is neither of the two.
    """
    name = 'iou'
    branch = True

    def __init__(self, *, position: str = 'reg', num_convs: int = 0,
                 smoothed: bool = False) -> None:
        check_choice('centerness.position', position, ('cls', 'reg'))
        self.position = position
        self.num_convs = num_convs
        self.smoothed = smoothed

    def target(self, predictions: Predictions, targets: Targets) -> Tensor:
        """Return (B, P): IoU of predicted and target box, without gradient."""
        intersection, union = overlap(
            boxes_around(predictions.distances.detach()), boxes_around(targets.distances))
        if self.smoothed:
            return (intersection + 1) / (union + 1)
        return intersection / union.clamp(min=1e-6)

    def factor(self, predictions: Predictions) -> Tensor:
        """Return the (B, P) factor of the class scores: the predicted IoU."""
        return predictions.quality_logits.sigmoid()
