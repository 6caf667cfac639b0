"""The outputs of a level in a graph: sizes may be unknown while it is traced."""
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from fcos_mm.models.head import FCOSHead
from fcos_mm.models.locations import OFFSETS, Level, Locations, flatten_levels
from fcos_mm.models.postprocess import decode
from fcos_mm.models.structures import Predictions

Outputs = tuple[Sequence[Tensor], Sequence[Tensor], Sequence[Tensor | None]]


class DecodedLevel(NamedTuple):
    """The n locations of a level, row by row.

    Attributes:
        boxes: (B, n, 4) in pixels of the input, not clipped.
        class_scores: (B, n, C).
        quality: (B, n) factor of the class scores, or None.
    """
    boxes: Tensor
    class_scores: Tensor
    quality: Tensor | None


def decoded_levels(head: FCOSHead, outputs: Outputs, size: Sequence[int]) -> list[DecodedLevel]:
    """Decode what ``FCOSHead.forward`` returns, level by level.

    Args:
        head: The head.
        outputs: What it returned.
        size: Height and width of the network's input.
    """
    return [_decoded(head, level, size, *maps) for level, maps in enumerate(zip(*outputs))]


def raw_levels(head: FCOSHead, outputs: Outputs) -> tuple[Tensor, ...]:
    """The maps of ``FCOSHead.forward``, distances in pixels.

    Returns:
        For each level the class logits (B, C, h, w), the distances (B, 4, h, w) in pixels and,
        with a quality branch, its logits (B, 1, h, w).
    """
    maps = []
    for logits, distances, quality, stride in zip(*outputs, head.strides):
        if head.regression == 'relu':
            distances = distances * float(stride)
        maps += [logits.float(), distances] + ([] if quality is None else [quality.float()])
    return tuple(maps)


def _decoded(head: FCOSHead, level: int, size: Sequence[int], logits: Tensor,
             distances: Tensor, quality: Tensor | None) -> DecodedLevel:
    locations = _locations(head, level, size, logits)
    if quality is not None:
        quality = flatten_levels([quality])[..., 0].float()  # (B, n)
    predictions = head.in_pixels(
        Predictions([logits], flatten_levels([distances]).float(), quality), locations)
    boxes, class_scores = decode(predictions, locations)
    return DecodedLevel(boxes, class_scores, head.quality.factor(predictions))


def _locations(head: FCOSHead, level: int, size: Sequence[int], level_map: Tensor) -> Locations:
    """As ``LocationGenerator``, whose sizes are plain numbers."""
    rows, columns = level_map.shape[-2:]
    stride = head.strides[level]
    origin = OFFSETS[head.location_generator.offset](stride)
    steps = stride, stride
    if head.location_generator.spacing == 'input':
        steps = size[0] // rows, size[1] // columns
    y, x = (torch.arange(count, dtype=torch.float32, device=level_map.device) * step + origin
            for count, step in zip((rows, columns), steps))
    points = torch.stack([x.expand(rows, columns).flatten(),
                          y[:, None].expand(rows, columns).flatten()], dim=1)  # (n, 2)
    strides = torch.full_like(points[:, 0], float(stride))
    return Locations(points, strides, (Level(stride, origin, rows, columns, 0, *steps), ))
