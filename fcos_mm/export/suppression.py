"""Clipping and NMS in a graph: the standard operator NonMaxSuppression of ONNX."""
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from fcos_mm.compat.ops.nms import nms
from fcos_mm.export.candidates import FixedCandidates


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """From candidates to detections, as ``FCOSPostProcessor`` finds them at the network's size.

    Attributes:
        iou_threshold: Of NMS.
        nms_offset: 1 if NMS takes boxes as ``x1 - x0 + 1`` wide, else 0.
        class_agnostic: Whether boxes of different classes suppress each other.
        max_per_img: Detections of an image, N.
        min_bbox_size: Smaller boxes are dropped, if not negative.
        clip: ``'before_nms'`` or ``'after_nms'``, which also drops what is then empty.
        extra: 1 under the box convention ``'pixel'``, else 0.
    """
    iou_threshold: float
    nms_offset: int
    class_agnostic: bool
    max_per_img: int
    min_bbox_size: float
    clip: str
    extra: int

    def __call__(self, candidates: FixedCandidates, sizes: Tensor) -> tuple[Tensor, ...]:
        """Return the best detections of each image.

        Args:
            candidates: K of each image.
            sizes: (B, 2) height and width of each image inside the input.

        Returns:
            Boxes (B, N, 4), scores (B, N), labels (B, N) and their number (B,). Behind it boxes
            and scores are 0 and labels -1.
        """
        boxes, scores, labels = candidates
        if self.clip == 'before_nms':
            boxes = self._clipped(boxes, sizes)
        if self.min_bbox_size >= 0:
            scores = self._of_larger(boxes, scores, self.min_bbox_size)
        kept = kept_by_nms(self._apart(boxes, scores, labels), scores, self.iou_threshold,
                           self.max_per_img)
        found = _first(FixedCandidates(boxes, torch.where(kept, scores, 0.), labels),
                       self.max_per_img)
        if self.clip == 'after_nms':
            boxes = self._clipped(found.boxes, sizes)
            scores = self._of_larger(boxes, found.scores, 0)
            found = _first(FixedCandidates(boxes, scores, found.labels), self.max_per_img)
        valid = found.scores > 0
        return (torch.where(valid[..., None], found.boxes, 0.), found.scores,
                torch.where(valid, found.labels, -1), valid.sum(1))

    def _clipped(self, boxes: Tensor, sizes: Tensor) -> Tensor:
        ends = (sizes.flip(1) - self.extra).repeat(1, 2)[:, None]  # (B, 1, 4) width, height, twice
        return torch.minimum(boxes.clamp(min=0), ends)

    def _of_larger(self, boxes: Tensor, scores: Tensor, least: float) -> Tensor:
        """The scores, 0 where a side of the box is not larger than a number of pixels."""
        sides = boxes[..., 2:] - boxes[..., :2] + self.extra
        return torch.where((sides > least).all(2), scores, 0.)

    def _apart(self, boxes: Tensor, scores: Tensor, labels: Tensor) -> Tensor:
        """The boxes of each class moved away from those of others, as in ``suppress``."""
        ends = torch.tensor([0., 0., self.nms_offset, self.nms_offset], device=boxes.device)
        boxes = torch.where(scores[..., None] > 0, boxes, 0.)
        if self.class_agnostic:
            return boxes + ends
        step = boxes.amax(dim=(1, 2)) + 1  # (B,)
        return boxes + (labels * step[:, None])[..., None] + ends


def _first(candidates: FixedCandidates, count: int) -> FixedCandidates:
    """The ``count`` rows with the best scores, filled up with rows of score 0."""
    boxes, scores, labels = candidates
    if not isinstance(scores.shape[1], int) or scores.shape[1] < count:
        boxes, scores, labels = (F.pad(boxes, (0, 0, 0, count)), F.pad(scores, (0, count)),
                                 F.pad(labels, (0, count)))
    scores, index = scores.topk(count, dim=1)
    return FixedCandidates(boxes.gather(1, index[..., None].expand(-1, -1, 4)), scores,
                           labels.gather(1, index))


@torch.library.custom_op('fcos_mm::kept_by_nms', mutates_args=())
def kept_by_nms(boxes: Tensor, scores: Tensor, iou_threshold: float, limit: int) -> Tensor:
    """Which boxes NMS keeps, image by image.

    Args:
        boxes: (B, K, 4) float32.
        scores: (B, K) float32; boxes with score 0 are not there.
        iou_threshold: A box is dropped if its IoU with a better kept one is above it.
        limit: Boxes that are kept of an image at most.

    Returns:
        (B, K) bool.
    """
    kept = torch.zeros_like(scores, dtype=torch.bool)
    for image in range(len(boxes)):
        there = (scores[image] > 0).nonzero()[:, 0]
        best = nms(boxes[image, there], scores[image, there], iou_threshold, 0)[:limit]
        kept[image, there[best]] = True
    return kept


@kept_by_nms.register_fake
def _(boxes: Tensor, scores: Tensor, iou_threshold: float, limit: int) -> Tensor:
    return torch.empty_like(scores, dtype=torch.bool)


def onnx_translations() -> dict:
    """The ``custom_translation_table`` of ``torch.onnx.export``."""
    from onnxscript import FLOAT
    from onnxscript import opset21 as op

    def suppress(boxes: FLOAT, scores: FLOAT, iou_threshold: float, limit: int):
        selected = op.NonMaxSuppression(
            boxes, op.Unsqueeze(scores, op.Constant(value_ints=[1])),
            op.Constant(value_ints=[limit]), op.Constant(value_floats=[iou_threshold]),
            op.Constant(value_floats=[0.]))  # (S, 3): image, class, box
        index = op.Gather(selected, op.Constant(value_ints=[0, 2]), axis=1)
        ones = op.Expand(op.Constant(value_floats=[1.]), op.Shape(index, start=0, end=1))
        kept = op.ScatterND(op.Mul(scores, op.Constant(value_float=0.)), index, ones)
        return op.Greater(kept, op.Constant(value_float=0.5))

    return {torch.ops.fcos_mm.kept_by_nms.default: suppress}
