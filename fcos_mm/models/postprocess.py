"""From raw outputs to detections (paper, Sec. 3.1 "Inference", 3.3).

:func:`decode` is the dense form: a box and C scores for every location. Of the millions
of (location, class) pairs in a batch, only a few thousand pass the threshold.
:class:`FCOSPostProcessor` finds these first, reading the class logits once, and decodes
only them.
"""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.ops import batched_nms
from mmcv.ops.nms import ext_module
from mmdet.utils import ConfigType, InstanceList
from mmengine.structures import InstanceData
from torch import Tensor

from fcos_mm.errors import check_choice
from fcos_mm.models.locations import Locations, flatten_levels, scale_factors
from fcos_mm.models.structures import BOX_CONVENTIONS, Candidates, Detections, Predictions
from fcos_mm.registry import TASK_UTILS

#: Subtracted from the logit threshold: more than the rounding error of half precision.
MARGIN = 0.05
#: Number of boxes from which mmcv's NMS runs class by class.
SPLIT_THRESHOLD = 10000


def decode(predictions: Predictions, locations: Locations,
           quality: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the boxes (B, P, 4) and scores (B, P, C) of all locations.

    Boxes are not clipped, and the score is the product (``score='product'``).

    Args:
        predictions: Outputs of all locations, with distances in pixels, as returned by
            ``FCOSHead.in_pixels``.
        locations: The P locations.
        quality: (B, P) factor of the class scores, or None.
    """
    scores = flatten_levels(predictions.class_maps).float().sigmoid()
    if quality is not None:
        scores = scores * quality[..., None]
    return boxes_at(locations.points, predictions.distances), scores


def boxes_at(points: Tensor, distances: Tensor) -> Tensor:
    """Invert Eq. (1): points (..., 2) and distances (..., 4) to boxes (..., 4)."""
    return torch.cat([points - distances[..., :2], points + distances[..., 2:]], dim=-1)


@TASK_UTILS.register_module()
class FCOSPostProcessor:
    """Threshold, score, top-k per level, inverse of Eq. (1), NMS.

    The numbers come from mmdet's ``test_cfg``; the options cover the points on which
    the released implementations differ.

    Args:
        score: Final score: ``'product'`` of class score and center-ness (the
            paper, mmdet), or its square root, ``'sqrt'`` (official code).
        rank_by: The best ``nms_pre`` of a level are selected by the final
            ``'score'`` (the paper, official code) or by ``'class_score'`` (mmdet).
        threshold_on: ``score_thr`` applies to the ``'class_score'`` (the paper,
            official code, mmdet) or to the final ``'score'`` (detectron2).
        clip: Whether boxes are clipped to the image ``'before_nms'`` or ``'after_nms'``
            (detectron2, AdelaiDet); then what is empty afterwards is dropped from the
            ``max_per_img`` best, and not replaced.

    Raises:
        ValueError: If an option is unknown.
    """

    def __init__(self,
                 *,
                 score: str = 'product',
                 rank_by: str = 'score',
                 threshold_on: str = 'class_score',
                 clip: str = 'before_nms') -> None:
        check_choice('postprocess.score', score, ('product', 'sqrt'))
        check_choice('postprocess.rank_by', rank_by, ('score', 'class_score'))
        check_choice('postprocess.threshold_on', threshold_on, ('class_score', 'score'))
        check_choice('postprocess.clip', clip, ('before_nms', 'after_nms'))
        self.score = score
        self.rank_by = rank_by
        self.threshold_on = threshold_on
        self.clip = clip

    def __call__(self,
                 predictions: Predictions,
                 quality: Tensor | None,
                 locations: Locations,
                 img_metas: Sequence[dict],
                 cfg: ConfigType,
                 *,
                 box_convention: str = 'continuous',
                 rescale: bool = False,
                 with_nms: bool = True) -> InstanceList:
        """Return ``bboxes``, ``scores`` and ``labels`` of each image.

        Args:
            predictions: Outputs of all locations, distances in pixels: those of
                ``FCOSHead.in_pixels``.
            quality: (B, P) factor of the class scores, at most 1, or None.
            locations: The P locations.
            img_metas: ``img_shape`` (h, w), with ``rescale`` also
                ``scale_factor`` and ``ori_shape``, of each image.
            cfg: mmdet's ``test_cfg``.
            box_convention: ``'continuous'`` or ``'pixel'``.
            rescale: Return boxes in the size of the original image.
            with_nms: Whether to apply NMS and the limit of detections.
        """
        extra = BOX_CONVENTIONS[box_convention]
        found = self._detect(predictions, quality, locations, cfg)
        # The official code, whose convention is 'pixel', suppresses at the network's
        # size and resizes afterwards; mmdet the other way round.
        rescale_first = rescale and not extra
        if self.clip == 'before_nms':
            found = _clipped(found, img_metas, 'img_shape', extra)
        if rescale_first:
            found = _rescaled(found, img_metas)
        if with_nms:
            found = _suppressed(found, len(img_metas), cfg, extra)
        if self.clip == 'after_nms':
            found = _clipped(found, img_metas, 'ori_shape' if rescale_first else 'img_shape', extra)
            found = _larger(found, 0, extra)
        if rescale and not rescale_first:
            found = _rescaled(found, img_metas)
        if extra:
            found = _to_far_edge(found, img_metas, rescale)
        return [self.instances(image) for image in found.of_images(len(img_metas))]

    def instances(self, found: Detections) -> InstanceData:
        """Return the detections of one image in mmdet's form."""
        return InstanceData(bboxes=found.boxes, scores=found.scores, labels=found.labels)

    def _detect(self, predictions: Predictions, quality: Tensor | None, locations: Locations,
                cfg: ConfigType) -> Detections:
        """Pick the best pairs of every level and decode them."""
        threshold = cfg.get('score_thr', 0)
        # Quality is at most 1, so a final score above the threshold has a class score above.
        on_root = self.threshold_on == 'score' and self.score == 'sqrt'
        likely, logits = candidates(predictions.class_maps,
                                    max(threshold, 0)**2 if on_root else threshold)
        scores = class_scores = logits.float().sigmoid()  # (N,)
        if quality is not None:
            scores = class_scores * quality[likely.image, likely.location]
            scores = scores if self.score == 'product' else scores.sqrt()
        tested = class_scores if self.threshold_on == 'class_score' else scores
        passed = (tested > threshold).nonzero().squeeze(1)
        ranking = class_scores if self.rank_by == 'class_score' else scores
        best = passed[best_of_each_level(ranking[passed], likely.image[passed],
                                         likely.location[passed], locations,
                                         cfg.get('nms_pre', -1))]
        image, location, label = (index[best] for index in likely)
        distances = predictions.distances[image, location]  # (N, 4)
        boxes = boxes_at(locations.points[location], distances)
        return Detections(image, boxes, scores[best], label, location, class_scores[best])


def candidates(class_maps: Sequence[Tensor], probability: float) -> tuple[Candidates, Tensor]:
    """Find the pairs whose class score may be above a probability, and their logits (N,).

    Contains every pair above the threshold, and possibly some just below it.
    """
    least = torch.tensor(float(probability)).clamp(0, 1).logit().item() - MARGIN
    levels = [m.flatten(2) for m in class_maps]  # (B, C, locations) each
    peaks = torch.cat([level.amax(1) for level in levels], dim=1)  # (B, P)
    location, image = (peaks.t() >= least).nonzero(as_tuple=True)  # level by level
    ends = _ends([level.size(2) for level in levels], location.device)
    sizes = torch.searchsorted(location, F.pad(ends, [1, 0])).diff().tolist()
    logits, first = [], 0
    for level, i, place in zip(levels, image.split(sizes), location.split(sizes)):
        logits.append(level[i, :, place - first])
        first += level.size(2)
    logits = torch.cat(logits)  # (K, C)
    row, label = (logits >= least).nonzero(as_tuple=True)
    return Candidates(image[row], location[row], label), logits[row, label]


def best_of_each_level(ranking: Tensor, image: Tensor, location: Tensor, locations: Locations,
                       limit: int) -> Tensor:
    """Return (K,) indices of the best pairs of every level of every image, in this order.

    Args:
        ranking: (N,) what the pairs are ranked by, float32, not negative.
        image: (N,) of each pair.
        location: (N,) of each pair.
        locations: The P locations.
        limit: Maximum number of pairs per level; no limit if not positive.
    """
    ends = _ends(locations.counts, ranking.device)
    group = image * len(ends) + torch.bucketize(location, ends, right=True)  # (N,)
    # Bits of non-negative floats, read as integers, sort like the floats.
    order = ((group << 32) - ranking.view(torch.int32)).argsort(stable=True)
    if limit <= 0:
        return order
    group = group[order]
    counts = torch.bincount(group)
    place = torch.arange(len(group), device=group.device) - (counts.cumsum(0) - counts)[group]
    return order[place < limit]


def _ends(counts: Sequence[int], device: torch.device) -> Tensor:
    """Return the (L,) index behind the last location of each level."""
    return torch.tensor(counts).cumsum(0).to(device)


def _clipped(found: Detections, metas: Sequence[dict], key: str, extra: int) -> Detections:
    """Clip to the images; to their last pixel where ``extra`` is 1."""
    sizes = torch.tensor([meta[key][1::-1] for meta in metas], dtype=found.boxes.dtype)  # (B, 2)
    sizes = (sizes.to(found.boxes.device) - extra).repeat(1, 2)  # (B, 4) width, height, twice
    return found._replace(boxes=torch.minimum(found.boxes.clamp(min=0), sizes[found.image]))


def _rescaled(found: Detections, metas: Sequence[dict]) -> Detections:
    """Rescale the boxes to the original images."""
    shrink = 1 / scale_factors(metas, found.boxes.device)  # (B, 4)
    return found._replace(boxes=found.boxes * shrink[found.image])


def _suppressed(found: Detections, images: int, cfg: ConfigType, extra: int) -> Detections:
    """Drop boxes that are too small, apply NMS, keep the best ``max_per_img`` of an image."""
    smallest = cfg.get('min_bbox_size', -1)
    if smallest >= 0:
        found = _larger(found, smallest, extra)
    scores, kept, first = [], [], 0
    for image in found.of_images(images):
        if len(image.scores):
            best, keep = suppress(image.boxes, image.scores, image.labels, cfg['nms'])
            scores.append(best[:cfg.get('max_per_img')])
            kept.append(first + keep[:cfg.get('max_per_img')])
            first += len(image.scores)
    if not kept:
        return found
    return found.select(torch.cat(kept))._replace(scores=torch.cat(scores))


def _larger(found: Detections, least: float, extra: int) -> Detections:
    """Select the boxes whose sides are both larger than a number of pixels."""
    sides = found.boxes[:, 2:] - found.boxes[:, :2] + extra  # (N, 2)
    return found.select((sides > least).all(1))


def suppress(boxes: Tensor, scores: Tensor, labels: Tensor,
             cfg: ConfigType) -> tuple[Tensor, Tensor]:
    """Return the scores (K,), which soft NMS changes, and the indices (K,) of the boxes kept.

    Same result as mmcv's ``batched_nms``, highest score first. The usual setting, a type and
    a threshold, calls mmcv's operator directly. Needs at least one box (N, 4).
    """
    if set(cfg) == {'type', 'iou_threshold'} and cfg['type'] == 'nms' and (
            len(boxes) < SPLIT_THRESHOLD):
        apart = labels.to(boxes) * (boxes.max() + 1)  # (N,) no two classes overlap
        keep = ext_module.nms(
            boxes + apart[:, None], scores, iou_threshold=float(cfg['iou_threshold']), offset=0)
        return scores[keep], keep
    best, keep = batched_nms(boxes, scores, labels, cfg)
    return best[:, -1], keep


def _to_far_edge(found: Detections, metas: Sequence[dict], rescaled: bool) -> Detections:
    """Move x1 and y1 from the last pixel of a box to its far edge, one original pixel on."""
    edge = torch.tensor([0., 0., 1., 1.]).to(found.boxes.device)
    if not rescaled:
        edge = edge * scale_factors(metas, found.boxes.device)[found.image]
    return found._replace(boxes=found.boxes + edge)
