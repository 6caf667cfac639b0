"""FCOS's head with what only the paper's analyses need at test (Sec. 4.1)."""
from collections.abc import Sequence

import torch
from mmdet.structures import SampleList
from mmdet.utils import InstanceList
from mmengine.structures import InstanceData
from torch import Tensor

from fcos_mm.models.assigner import truth_at_input_size
from fcos_mm.models.branches.centerness import centerness_target
from fcos_mm.models.head import FCOSHead
from fcos_mm.models.postprocess import FCOSPostProcessor
from fcos_mm.models.structures import Detections, Predictions
from fcos_mm.registry import MODELS, TASK_UTILS


@TASK_UTILS.register_module()
class LocatedPostProcessor(FCOSPostProcessor):
    """FCOSPostProcessor whose detections say where they come from (Sec. 4.1.1).

    ``locations`` (n,) is the index of each detection's location among the P, as
    ``AmbiguousDetectionMetric`` needs it.
    """

    def instances(self, found: Detections) -> InstanceData:
        instances = super().instances(found)
        instances.locations = found.locations
        return instances


@TASK_UTILS.register_module()
class ScoredPostProcessor(FCOSPostProcessor):
    """FCOSPostProcessor whose detections keep their class score (Fig. 7).

    ``class_scores`` (n,) is the score of each detection before the quality branch, center-ness in
    the paper, multiplies it.
    """

    def instances(self, found: Detections) -> InstanceData:
        instances = super().instances(found)
        instances.class_scores = found.class_scores
        return instances


@MODELS.register_module()
class OracleFCOSHead(FCOSHead):
    """FCOSHead that tests with the center-ness of the ground truth (Sec. 4.1.2).

    It is 0 where a location is assigned no box. Boxes of ``gt_instances`` are in the size of the
    original image, as mmdet's test pipelines load them.
    """

    @torch.no_grad()
    def predict(self, x: Sequence[Tensor], batch_data_samples: SampleList,
                rescale: bool = False) -> InstanceList:
        """Detect on L feature maps (B, in_channels, H, W).

        Raises:
            UserError: If an image has no ground truth.
        """
        metas = [sample.metainfo for sample in batch_data_samples]
        truth = [truth_at_input_size(sample) for sample in batch_data_samples]
        outputs = self(x)
        with torch.autocast(x[0].device.type, enabled=False):
            predictions, locations = self.flatten(*outputs, metas)
            predictions = self.in_pixels(predictions, locations)
            targets = self.assign(locations, truth, None, metas)
            centerness = torch.where(targets.positive, centerness_target(targets.distances),
                                     self.elsewhere(predictions))  # (B, P)
            return self.postprocess(predictions, centerness, locations, metas, self.test_cfg,
                                    box_convention=self.box_convention, rescale=rescale)

    def elsewhere(self, predictions: Predictions) -> Tensor | float:
        """Return the factor where a location is assigned no box."""
        return 0.


@MODELS.register_module()
class OracleOfPositivesFCOSHead(OracleFCOSHead):
    """OracleFCOSHead with the learned center-ness, or 1, where a location is assigned no box."""

    def elsewhere(self, predictions: Predictions) -> Tensor | float:
        logits = predictions.quality_logits
        return 1. if logits is None else logits.sigmoid()
