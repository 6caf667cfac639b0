"""From raw outputs to detections (paper, Sec. 3.1 "Inference", 3.3)."""
from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmdet.utils import ConfigType, InstanceList
from mmengine.structures import InstanceData
from torch import Tensor

from fcos_mm.models.candidates import best_of_each_level, likely_pairs
from fcos_mm.models.ground_truth import BOX_CONVENTIONS, scale_factors
from fcos_mm.models.locations import Locations
from fcos_mm.models.predictions import Predictions
from fcos_mm.models.suppression import suppress
from fcos_mm.registry import TASK_UTILS


class Detections(NamedTuple):
    """Boxes of all images in one row.

    Attributes:
        image: (N,) index of the image.
        boxes: (N, 4).
        scores: (N,).
        labels: (N,).
        locations: (N,) index of the location, among the P, that each comes from.
    """
    image: Tensor
    boxes: Tensor
    scores: Tensor
    labels: Tensor
    locations: Tensor

    def select(self, which: Tensor) -> 'Detections':
        """Return those of an index or a mask (N,)."""
        return Detections(*(part[which] for part in self))

    def of_images(self, images: int) -> list['Detections']:
        """Split into one for each image; they must lie in the order of the images."""
        counts = self.image.bincount(minlength=images).tolist()
        return [Detections(*parts) for parts in zip(*(part.split(counts) for part in self))]


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
        return_locations: Each detection also gets ``locations``, the index of
            its location among the P, as ``AmbiguousDetectionMetric`` needs it.

    Raises:
        ValueError: If an option is unknown.
    """

    def __init__(self,
                 *,
                 score: str = 'product',
                 rank_by: str = 'score',
                 threshold_on: str = 'class_score',
                 clip: str = 'before_nms',
                 return_locations: bool = False) -> None:
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
        self.return_locations = return_locations

    def __call__(self,
                 predictions: Predictions,
                 centerness: Tensor | None,
                 locations: Locations,
                 img_metas: Sequence[dict],
                 cfg: ConfigType,
                 *,
                 box_convention: str = 'continuous',
                 rescale: bool = False,
                 with_nms: bool = True) -> InstanceList:
        """Return ``bboxes``, ``scores``, ``labels`` and, if asked for, ``locations`` of each image.

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
        found = self._found(predictions, centerness, locations, cfg)
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
        if rescale and not rescale_first:
            found = _rescaled(found, img_metas)
        if extra:
            found = _to_far_edge(found, img_metas, rescale)
        return [self._instances(image) for image in found.of_images(len(img_metas))]

    def _instances(self, found: Detections) -> InstanceData:
        """The detections of one image as mmdet wants them."""
        instances = InstanceData(bboxes=found.boxes, scores=found.scores, labels=found.labels)
        if self.return_locations:
            instances.locations = found.locations
        return instances

    def _found(self, predictions: Predictions, centerness: Tensor | None,
               locations: Locations, cfg: ConfigType) -> Detections:
        """Pick the best pairs of every level and decode them."""
        threshold = cfg.get('score_thr', 0)
        pairs, logits = likely_pairs(predictions.class_maps, self._least_class_score(threshold))
        class_scores = logits.float().sigmoid()  # (N,)
        scores = class_scores
        if centerness is not None:
            scores = class_scores * centerness[pairs.image, pairs.location]
            scores = scores if self.score == 'product' else scores.sqrt()
        tested = class_scores if self.threshold_on == 'class_score' else scores
        passed = (tested > threshold).nonzero().squeeze(1)
        pairs, scores, class_scores = pairs.select(passed), scores[passed], class_scores[passed]
        ranking = class_scores if self.rank_by == 'class_score' else scores
        best = best_of_each_level(ranking, pairs, locations, cfg.get('nms_pre', -1))
        pairs = pairs.select(best)
        distances = predictions.distances[pairs.image, pairs.location]  # (N, 4)
        boxes = decode(locations.points[pairs.location], distances)
        return Detections(pairs.image, boxes, scores[best], pairs.label, pairs.location)

    def _least_class_score(self, threshold: float) -> float:
        """What a class score must be above, since center-ness is at most 1."""
        on_root = self.threshold_on == 'score' and self.score == 'sqrt'
        return max(threshold, 0)**2 if on_root else threshold


def decode(points: Tensor, distances: Tensor) -> Tensor:
    """Invert Eq. (1): points (..., 2) and distances (..., 4) to boxes (..., 4)."""
    return torch.cat([points - distances[..., :2], points + distances[..., 2:]], dim=-1)


def clip(boxes: Tensor, sizes: Tensor) -> Tensor:
    """Clip boxes (N, 4) to images of sizes (N, 2), width and height."""
    return torch.minimum(boxes.clamp(min=0), sizes.repeat(1, 2))


def _clipped(found: Detections, metas: Sequence[dict], key: str, extra: int) -> Detections:
    """Clip to the images; to their last pixel where ``extra`` is 1."""
    sizes = torch.tensor([meta[key][1::-1] for meta in metas], dtype=found.boxes.dtype)  # (B, 2)
    sizes = sizes.to(found.boxes.device) - extra
    return found._replace(boxes=clip(found.boxes, sizes[found.image]))


def _rescaled(found: Detections, metas: Sequence[dict]) -> Detections:
    """Take the boxes to the size of the original images."""
    shrink = 1 / scale_factors(metas, found.boxes.device)  # (B, 4)
    return found._replace(boxes=found.boxes * shrink[found.image])


def _suppressed(found: Detections, images: int, cfg: ConfigType, extra: int) -> Detections:
    """Drop boxes that are too small, apply NMS, keep the best ``max_per_img`` of an image."""
    smallest = cfg.get('min_bbox_size', -1)
    if smallest >= 0:
        sides = found.boxes[:, 2:] - found.boxes[:, :2] + extra  # (N, 2)
        found = found.select((sides > smallest).all(1))
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


def _to_far_edge(found: Detections, metas: Sequence[dict], rescaled: bool) -> Detections:
    """Lead from the last pixel of a box to its far edge, one original pixel on."""
    edge = torch.tensor([0., 0., 1., 1.]).to(found.boxes.device)
    if not rescaled:
        edge = edge * scale_factors(metas, found.boxes.device)[found.image]
    return found._replace(boxes=found.boxes + edge)
