"""The share of detections that come from ambiguous locations (paper, Sec. 4.1.1: 2.3 %, 1.5 %)."""
from collections.abc import Sequence

import torch
from mmdet.structures.bbox import get_box_tensor
from mmdet.utils import ConfigType
from mmengine.evaluator import BaseMetric
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from torch import Tensor

from fcos_mm.errors import UserError
from fcos_mm.models.assigner import pad_ground_truth
from fcos_mm.models.head import FCOSHead
from fcos_mm.models.locations import Locations, scale_factors
from fcos_mm.registry import METRICS, MODELS


@METRICS.register_module()
class AmbiguousDetectionMetric(BaseMetric):
    """The share of detections whose location several ground-truth boxes claim.

    A box claims a location if all conditions of the assignment are met
    (Sec. 3.1). The paper asks how often such a location still produces a
    detection, and how often its boxes are of different categories.

    The detector must say where its detections come from
    (``model.bbox_head.postprocess.type='fcos_mm.LocatedPostProcessor'``), and the
    test pipeline must load the annotations, boxes in the size of the original image
    as mmdet's test pipelines have them: ``LoadAnnotations`` after ``Resize``.

    Args:
        head: Config of the tested :class:`FCOSHead`: ``cfg.model.bbox_head``.
        score_thr: Only detections with at least this score count.

    Raises:
        UserError: If the head is no ``FCOSHead``.
    """

    default_prefix = 'ambiguous_detections'

    def __init__(self, *, head: ConfigType, score_thr: float = 0.0, collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        with DefaultScope.overwrite_default_scope('fcos_mm'):
            self.head = MODELS.build(head)
        if not isinstance(self.head, FCOSHead):
            raise UserError('AmbiguousDetectionMetric needs an FCOS head, got '
                            f'{type(self.head).__name__}.\nGive it head=cfg.model.bbox_head of '
                            'an FCOS.')
        self.score_thr = score_thr

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count the detections of a batch.

        Raises:
            UserError: If the detections have no locations, or an image has no ground truth.
        """
        for sample in data_samples:
            found = sample['pred_instances']
            if 'locations' not in found:
                raise UserError('The detections do not say which locations they come from.\nSet '
                                "model.bbox_head.postprocess.type='fcos_mm.LocatedPostProcessor', "
                                'and test without augmentation.')
            counted = found['locations'][found['scores'] >= self.score_thr].cpu()  # (n,)
            generator = self.head.location_generator
            sizes = generator.sizes(*sample['batch_input_shape'][-2:])
            locations = generator(sizes, 'cpu')
            if len(counted) and counted.max() >= len(locations.points):
                raise UserError(
                    f"Image {sample.get('img_path', sample['img_id'])}: location "
                    f'{counted.max()} of a detection is not among the {len(locations.points)} of '
                    "the metric's head.\nGive the metric the head that is tested.")
            several, different = self._ambiguous(locations, sample)  # (P,) each
            boxes = sum(len(sample[key]['bboxes']) for key in ('gt_instances', 'ignored_instances'))
            self.results.append((boxes, len(counted), int(several[counted].sum()),
                                 int(different[counted].sum())))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """``ambiguous`` and ``ambiguous_other_class`` in percent of the detections.

        Args:
            results: Of each image the numbers of boxes, of detections, of those
                from ambiguous locations, and of those whose boxes there are of
                different categories.

        Returns:
            nan if nothing was detected or no image has a box, as in test-dev.
        """
        boxes, total, several, different = (sum(counts) for counts in zip(*results))
        if not total or not boxes:
            return dict(ambiguous=float('nan'), ambiguous_other_class=float('nan'))
        return dict(ambiguous=100 * several / total,
                    ambiguous_other_class=100 * different / total)

    def _ambiguous(self, locations: Locations, sample: dict) -> tuple[Tensor, Tensor]:
        """Masks (P,) of locations claimed by several boxes, and by several categories."""
        truth = pad_ground_truth(
            [_at_input_size(sample, 'gt_instances')],
            [_at_input_size(sample, 'ignored_instances')],
            img_metas=[sample], box_convention=self.head.box_convention)
        claims = self.head.assigner.claims(locations, truth)
        several = claims.location.bincount(minlength=len(locations.points)) > 1
        pairs = torch.stack([claims.location, truth.labels[0, claims.box]]).unique(dim=1)
        different = pairs[0].bincount(minlength=len(locations.points)) > 1
        return several, different


def _at_input_size(sample: dict, key: str) -> InstanceData:
    """The boxes (g, 4) of an image in the size of the network's input, and labels (g,)."""
    truth = sample.get(key)
    if truth is None or 'bboxes' not in truth:
        raise UserError(
            f"Image {sample.get('img_path', sample['img_id'])} was tested without ground truth.\n"
            "Put dict(type='LoadAnnotations', with_bbox=True) after Resize into the test pipeline.")
    boxes = get_box_tensor(truth['bboxes']).cpu()
    return InstanceData(bboxes=boxes * scale_factors([sample], boxes.device),
                        labels=truth['labels'].cpu())
