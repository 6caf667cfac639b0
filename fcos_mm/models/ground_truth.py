"""Ground truth of a batch, padded to one tensor."""
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmdet.structures.bbox import get_box_tensor
from mmengine.structures import InstanceData
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

#: What is added to x1 - x0 to get a width, by the name of the option.
BOX_CONVENTIONS = {'continuous': 0, 'pixel': 1}


class GroundTruth(NamedTuple):
    """Boxes of a batch. Padding has no area, so that no location lies inside.

    Attributes:
        boxes: (B, G, 4) float32, G at least 1.
        labels: (B, G) int64.
        areas: (B, G) float32, by the box convention in use.
        crowd: (B, K, 4) float32, the crowd boxes; K may be 0.
    """
    boxes: Tensor
    labels: Tensor
    areas: Tensor
    crowd: Tensor


def pad_ground_truth(
        gt_instances: Sequence[InstanceData],
        gt_instances_ignore: Sequence[InstanceData | None] | None = None,
        *,
        img_metas: Sequence[dict] | None = None,
        box_convention: str = 'continuous') -> GroundTruth:
    """Put the boxes of all images into padded tensors.

    Args:
        gt_instances: ``bboxes`` (g, 4) and ``labels`` (g,) of each of the B
            images.
        gt_instances_ignore: ``bboxes`` of the crowd boxes of each image, or
            None for an image without.
        img_metas: Used under the ``'pixel'`` convention: ``scale_factor``
            (w, h) of each image.
        box_convention: ``'continuous'``, a box reaches from x0 to x1, or
            ``'pixel'``, x1 is the last pixel of the box and its width
            x1 - x0 + 1 (the official code, whose boxes lose their last pixel
            before they are resized).
    """
    boxes = _pad([get_box_tensor(gt.bboxes).float() for gt in gt_instances])  # (B, G, 4)
    labels = _pad([gt.labels for gt in gt_instances])  # (B, G)
    none = boxes.new_zeros((0, 4))
    crowd = pad_sequence([
        none if gt is None else get_box_tensor(gt.bboxes).float()
        for gt in gt_instances_ignore or [None] * len(boxes)
    ], batch_first=True)  # (B, K, 4)
    extra = BOX_CONVENTIONS[box_convention]
    if extra:
        last_pixel = scale_factors(img_metas, boxes.device)[:, None]  # (B, 1, 4)
        last_pixel = F.pad(extra * last_pixel[..., 2:], (2, 0))  # (B, 1, 4), zeros for x0 and y0
        boxes, crowd = boxes - last_pixel, crowd - last_pixel
    width, height = (boxes[..., 2:] - boxes[..., :2] + extra).unbind(-1)
    return GroundTruth(boxes=boxes, labels=labels, areas=width * height, crowd=crowd)


def scale_factors(img_metas: Sequence[dict], device: torch.device) -> Tensor:
    """Return (B, 4) factors (w, h, w, h) from the original to the network's size.

    An image without ``scale_factor`` was not resized.
    """
    factors: list[list] = [list(meta.get('scale_factor', (1., 1.)))[:2] * 2 for meta in img_metas]
    return torch.tensor(factors, dtype=torch.float32).to(device, non_blocking=True)


def _pad(tensors: list[Tensor]) -> Tensor:
    """Stack (g, ...) tensors to (B, G, ...) with zeros, G at least 1."""
    padded = pad_sequence(tensors, batch_first=True)
    if padded.size(1):
        return padded
    return F.pad(padded, [0, 0] * (padded.dim() - 2) + [0, 1])
