"""From raw outputs to detections (paper, Sec. 3.1 "Inference", 3.3)."""
from typing import List, NamedTuple, Optional, Sequence, Tuple

import torch
from mmcv.ops import batched_nms
from mmdet.structures.bbox import scale_boxes
from mmdet.utils import ConfigType, InstanceList
from mmengine.structures import InstanceData
from torch import Tensor

from fcos_mm.models.ground_truth import BOX_CONVENTIONS, scale_factors
from fcos_mm.models.locations import Locations
from fcos_mm.models.predictions import Predictions
from fcos_mm.registry import TASK_UTILS


class Candidates(NamedTuple):
    """The best (location, class) pairs of each image, (B, K) each, boxes (B, K, 4)."""
    boxes: Tensor
    scores: Tensor
    labels: Tensor
    valid: Tensor


@TASK_UTILS.register_module()
class FCOSPostProcessor:
    """Threshold, top-k of each level, inverse of Eq. (1), score, NMS.

    Numbers come from mmdet's ``test_cfg``; the options say in which order and
    on which score the released codes differ.

    Args:
        score: Final score: ``'product'`` of class score and center-ness (the
            paper, mmdet), or its square root, ``'sqrt'`` (official code).
        rank_by: The best ``nms_pre`` of a level are found by the final
            ``'score'`` (the paper, official code) or by ``'class_score'`` (mmdet).
        threshold_on: ``score_thr`` holds for ``'class_score'`` (the paper,
            official code, mmdet) or for the final ``'score'`` (detectron2).
        clip: Boxes are clipped to the image ``'before_nms'`` or ``'after_nms'``.

    Raises:
        ValueError: If an option is unknown.
    """

    def __init__(self,
                 *,
                 score: str = 'product',
                 rank_by: str = 'score',
                 threshold_on: str = 'class_score',
                 clip: str = 'before_nms') -> None:
        for name, value, allowed in (('score', score, ('product', 'sqrt')),
                                     ('rank_by', rank_by, ('score', 'class_score')),
                                     ('threshold_on', threshold_on, ('score', 'class_score')),
                                     ('clip', clip, ('before_nms', 'after_nms'))):
            if value not in allowed:
                raise ValueError(f'postprocess.{name} must be one of {allowed}, got {value!r}')
        self.score = score
        self.rank_by = rank_by
        self.threshold_on = threshold_on
        self.clip = clip

    def __call__(self,
                 predictions: Predictions,
                 centerness: Optional[Tensor],
                 locations: Locations,
                 img_metas: Sequence[dict],
                 cfg: ConfigType,
                 *,
                 box_convention: str = 'continuous',
                 rescale: bool = False,
                 with_nms: bool = True) -> InstanceList:
        """Return ``bboxes``, ``scores`` and ``labels`` of each image.

        Args:
            predictions: Outputs of all locations, distances in pixels.
            centerness: (B, P) factor of the scores, or None.
            locations: The P locations.
            img_metas: ``img_shape`` (h, w), with ``rescale`` also
                ``scale_factor`` and ``ori_shape``, of each image.
            cfg: ``score_thr``, ``nms_pre``, ``nms``, ``max_per_img``,
                ``min_bbox_size``.
            box_convention: ``'continuous'`` or ``'pixel'``.
            rescale: Return boxes in the size of the original image.
            with_nms: Whether to apply NMS and the limit of detections.
        """
        extra = BOX_CONVENTIONS[box_convention]
        candidates = self._candidates(predictions, centerness, locations, cfg)
        if self.clip == 'before_nms':
            shapes = [meta['img_shape'] for meta in img_metas]
            candidates = candidates._replace(boxes=clip(candidates.boxes, shapes, extra))
        # The official code, whose convention is 'pixel', suppresses at the network's
        # size and resizes afterwards; mmdet the other way round.
        rescale_first = rescale and not extra
        results = []
        for image, meta in enumerate(img_metas):
            detections = _of_image(candidates, image)
            if rescale_first:
                detections.bboxes = _rescaled(detections.bboxes, meta)
            detections = _suppress(detections, cfg, extra) if with_nms else detections
            if self.clip == 'after_nms':
                shape = meta['ori_shape' if rescale_first else 'img_shape']
                detections.bboxes = clip(detections.bboxes[None], [shape], extra)[0]
            if rescale and not rescale_first:
                detections.bboxes = _rescaled(detections.bboxes, meta)
            if extra:
                detections.bboxes = detections.bboxes + _last_pixel(detections, meta, rescale)
            results.append(detections)
        return results

    def _candidates(self, predictions: Predictions, centerness: Optional[Tensor],
                    locations: Locations, cfg: ConfigType) -> Candidates:
        """Pick the best pairs of every level and decode them."""
        class_scores = predictions.class_logits.float().sigmoid()  # (B, P, C)
        scores = self._final(class_scores, centerness)  # (B, P, C)
        ranking = class_scores if self.rank_by == 'class_score' else scores
        compared = class_scores if self.threshold_on == 'class_score' else scores
        ranking = torch.where(compared > cfg.get('score_thr', 0), ranking, -1.)
        pair = best_pairs(ranking, locations.counts, cfg.get('nms_pre', -1))  # (B, K)
        location = torch.div(pair, class_scores.size(2), rounding_mode='floor')
        distances = predictions.distances.gather(1, location[..., None].expand(-1, -1, 4))
        return Candidates(
            boxes=decode(locations.points[location], distances),
            scores=scores.flatten(1).gather(1, pair),
            labels=pair % class_scores.size(2),
            valid=ranking.flatten(1).gather(1, pair) >= 0)

    def _final(self, class_scores: Tensor, centerness: Optional[Tensor]) -> Tensor:
        if centerness is None:
            return class_scores
        product = class_scores * centerness[..., None]
        return product if self.score == 'product' else product.sqrt()


def best_pairs(ranking: Tensor, counts: Tuple[int, ...], limit: int) -> Tensor:
    """Return the best (location, class) pairs of every level.

    Args:
        ranking: (B, P, C).
        counts: Number of locations of each level.
        limit: Pairs a level at most, all when not positive.

    Returns:
        (B, K) index into the P * C pairs.
    """
    pairs, first = [], 0
    for level in ranking.split(counts, dim=1):
        level = level.flatten(1)  # (B, locations * C)
        keep = min(limit, level.size(1)) if limit > 0 else level.size(1)
        pairs.append(level.topk(keep, dim=1).indices + first)
        first += level.size(1)
    return torch.cat(pairs, dim=1)


def decode(points: Tensor, distances: Tensor) -> Tensor:
    """Invert Eq. (1): points (..., 2) and distances (..., 4) to boxes (..., 4)."""
    return torch.cat([points - distances[..., :2], points + distances[..., 2:]], dim=-1)


def clip(boxes: Tensor, shapes: List[Tuple[int, int]], extra: int) -> Tensor:
    """Clip boxes (B, K, 4) to images of these shapes (h, w).

    ``extra`` is 1 where the last pixel, not its far edge, is the limit.
    """
    limits = torch.tensor([[w, h, w, h] for h, w in (shape[:2] for shape in shapes)],
                          dtype=boxes.dtype).to(boxes.device)  # (B, 4)
    return torch.minimum(boxes.clamp(min=0), limits[:, None] - extra)


def _of_image(candidates: Candidates, image: int) -> InstanceData:
    valid = candidates.valid[image]
    return InstanceData(
        bboxes=candidates.boxes[image][valid],
        scores=candidates.scores[image][valid],
        labels=candidates.labels[image][valid])


def _rescaled(boxes: Tensor, meta: dict) -> Tensor:
    """Return boxes (n, 4) in the size of the original image."""
    return scale_boxes(boxes, [1 / factor for factor in meta['scale_factor']])


def _suppress(detections: InstanceData, cfg: ConfigType, extra: int) -> InstanceData:
    """Drop boxes that are too small, apply NMS, keep the best ``max_per_img``."""
    smallest = cfg.get('min_bbox_size', -1)
    if smallest >= 0:
        sides = detections.bboxes[:, 2:] - detections.bboxes[:, :2] + extra  # (n, 2)
        detections = detections[(sides > smallest).all(1)]
    if not len(detections):
        return detections
    boxes, keep = batched_nms(detections.bboxes, detections.scores, detections.labels, cfg['nms'])
    detections = detections[keep]
    detections.scores = boxes[:, -1]  # soft NMS changes them
    return detections[:cfg.get('max_per_img', len(detections))]


def _last_pixel(detections: InstanceData, meta: dict, rescale: bool) -> Tensor:
    """Return what leads from the last pixel of the original image to its far edge."""
    device = detections.bboxes.device
    edge = torch.tensor([0., 0., 1., 1.]).to(device)
    return edge if rescale else edge * scale_factors([meta], device)[0]
