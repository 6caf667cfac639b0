"""How the codes behind the paper's Tables 1 and 2 count.

The paper's figures come from FCOS's official code and from Detectron. Beside
resizing (``InputSize.round_down``) and the box convention (``'pixel'``) they
differ from mmdet in the anchors of RetinaNet: their sides are rounded before
they are scaled, they lie on the center of the cell, and a low-quality match
gives an anchor to the box that it overlaps most, not to the box it is best for.
"""

import torch
from mmdet.models.dense_heads import AnchorHead
from mmdet.models.task_modules import AnchorGenerator, AssignResult, MaxIoUAssigner
from torch import Tensor

from fcos_mm.analysis.anchor_samples import AnchorSamples, Overlaps
from fcos_mm.analysis.input_size import InputBoxes


class OwnBestAssigner(MaxIoUAssigner):
    """As ``MaxIoUAssigner``, but every positive anchor answers for its own best box."""

    def assign_wrt_overlaps(self, overlaps: Tensor, gt_labels: Tensor) -> AssignResult:
        """Assign by overlaps.

        Args:
            overlaps: (G, K) IoU.
            gt_labels: (G,) categories.
        """
        result = super().assign_wrt_overlaps(overlaps, gt_labels)
        positive = result.gt_inds > 0
        if positive.any():
            own_best = overlaps.argmax(dim=0)  # (K,)
            result.gt_inds[positive] = own_best[positive] + 1
            result.labels[positive] = gt_labels[own_best[positive]]
        return result


class PublishedAnchorSamples(AnchorSamples):
    """The anchors of RetinaNet as in Detectron.

    Args:
        head: The head; the sizes of its anchors and its thresholds are used.

    Raises:
        UserError: If the assigner is not supported.
    """

    def __init__(self, head: AnchorHead) -> None:
        super().__init__(head)
        settings = {key: value for key, value in head.train_cfg['assigner'].items()
                    if key != 'type'}
        self.assigner = OwnBestAssigner(**settings)
        self.generator.base_anchors = detectron_anchors(self.generator)

    def overlaps(self, image: InputBoxes) -> Overlaps:
        """Return the overlaps that decide the assignment.

        Args:
            image: The boxes of an image at the network's input.
        """
        # The last pixel was taken off before the resize and belongs to the box after it.
        last_pixel = image.boxes.new_tensor([0, 0, 1 - image.factor[0], 1 - image.factor[1]])
        return super().overlaps(image._replace(boxes=image.boxes + last_pixel))


def detectron_anchors(generator: AnchorGenerator) -> list[Tensor]:
    """Return the anchors of each level's first cell, (A, 4) each.

    Args:
        generator: What gives the strides, ratios and scales.
    """
    anchors = []
    for stride_x, stride_y in generator.strides:
        width = (stride_x * stride_y / generator.ratios).sqrt().round()  # (R,)
        side = torch.stack([width, (width * generator.ratios).round()], dim=1)  # (R, 2)
        side = (side[:, None] * generator.scales[:, None]).flatten(0, 1)  # (A, 2)
        center = torch.tensor([stride_x, stride_y]) / 2
        anchors.append(torch.cat([center - side / 2, center + side / 2], dim=1))
    return anchors
