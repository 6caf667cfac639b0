"""Random outputs of a head, untrained and like a trained one's."""
from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmengine.structures import InstanceData
from torch import Tensor

from fcos_mm.models.assigner import REGRESS_RANGES
from fcos_mm.models.locations import LocationGenerator
from harness.boxes import coco_like, feature_sizes

STRIDES = (8, 16, 32, 64, 128)
NUM_CLASSES = 80

#: Logits of a trained detector; see :func:`trained_maps`.
BACKGROUND, SPREAD_OF_BACKGROUND = -7., 0.9
DOUBTFUL = 12


class Maps(NamedTuple):
    """Lists over the levels: (B, C, H, W), (B, 4, H, W) in pixels, (B, 1, H, W)."""

    class_logits: list[Tensor]
    distances: list[Tensor]
    centerness: list[Tensor]


def untrained_maps(images: int, size: tuple[int, int], device: str, *,
                   requires_grad: bool = False, seed: int = 0) -> Maps:
    """Draw maps around the initial values of training.

    Args:
        images: B.
        size: height and width of the images in pixels.
        device: of the tensors.
        requires_grad: whether they are leaves with gradients.
        seed: of the generator.
    """
    generator = torch.Generator().manual_seed(seed)

    def draw(channels: int, rows: int, columns: int) -> Tensor:
        return torch.randn(images, channels, rows, columns, generator=generator)

    levels = [(draw(NUM_CLASSES, *s) - 4.6, 4 * stride * (0.5 * draw(4, *s)).exp(), draw(1, *s))
              for s, stride in zip(feature_sizes(size), STRIDES, strict=True)]
    return Maps(*([m.to(device).requires_grad_(requires_grad) for m in maps]
                  for maps in zip(*levels, strict=True)))


def trained_maps(counts: Sequence[int], size: tuple[int, int], device: str, *,
                 seed: int = 0) -> Maps:
    """Draw maps whose high scores lie around objects, as a trained detector's do.

    An image has objects as in COCO (:mod:`harness.boxes`) and ``DOUBTFUL``
    places that only resemble one. Inside, the class of the object has a high
    logit that falls off towards the border, less on the levels next to the
    object's own, and one class is mistaken for it at 3 less. Distances are the
    true ones with 8 % of noise, center-ness is Eq. (3) with noise. Elsewhere
    logits are about -7. At 800x1333 there are some 300 (location, class) pairs
    above the threshold 0.05 with 3 objects, 1,000 with 12 and 3,000 with 30.

    Args:
        counts: objects of each image.
        size: height and width of the images in pixels.
        device: of the tensors.
        seed: of the generator.
    """
    generator = torch.Generator().manual_seed(seed)
    images = [_image(count, size, generator) for count in counts]
    return Maps(*([torch.stack(level).to(device) for level in zip(*of_images, strict=True)]
                  for of_images in zip(*images, strict=True)))


def pairs_above(maps: Maps, threshold: float) -> Tensor:
    """(B,) number of (location, class) pairs whose class score is above this."""
    return sum((level.sigmoid() > threshold).flatten(1).sum(1) for level in maps.class_logits)


def _image(count: int, size: tuple[int, int], generator: torch.Generator) -> list[list[Tensor]]:
    objects = coco_like(count, size, generator)
    objects.top = 1. + torch.randn(count, generator=generator)
    doubtful = coco_like(DOUBTFUL, size, generator)
    doubtful.top = -2.8 + 0.6 * torch.randn(DOUBTFUL, generator=generator)
    everything = InstanceData.cat([objects, doubtful])
    sizes = feature_sizes(size)
    locations = LocationGenerator(STRIDES, offset='half')(sizes, 'cpu')
    levels = [
        _level(index, points, shape, everything, generator)
        for index, (points, shape) in enumerate(
            zip(locations.points.split(locations.counts), sizes, strict=True))
    ]
    return [list(maps) for maps in zip(*levels, strict=True)]


def _level(index: int, points: Tensor, shape: tuple[int, int], objects: InstanceData,
           generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """One level of one image: (C, H, W), (4, H, W) and (1, H, W)."""
    near, far = objects.bboxes.split(2, dim=1)  # (G, 2)
    ltrb = torch.cat([points[:, None] - near, far - points[:, None]], dim=2)  # (P, G, 4)
    inside = ltrb.amin(-1) > 0
    nearness = _centerness(ltrb.clamp(min=0))  # (P, G)
    response = objects.top + 4 * (nearness.sqrt() - 1) - 2.5 * _levels_off(index, ltrb)
    response = response + 0.5 * torch.randn(response.shape, generator=generator)
    response = torch.where(inside, response, -20.)  # (P, G)
    logits = torch.randn(len(points), NUM_CLASSES, generator=generator)
    logits = BACKGROUND + SPREAD_OF_BACKGROUND * logits
    for shift, less in ((0, 0), (1, 3)):  # the class itself, and the one mistaken for it
        labels = ((objects.labels + shift) % NUM_CLASSES).expand_as(response)
        logits.scatter_reduce_(1, labels, response - less, 'amax')
    strongest = response.argmax(1, keepdim=True)  # (P, 1)
    found = inside.any(1, keepdim=True)
    noise = torch.randn(len(points), 4, generator=generator)
    true = ltrb.gather(1, strongest[..., None].expand(-1, -1, 4))[:, 0]
    predicted = torch.where(found, true.clamp(min=1) * (0.08 * noise).exp(),
                            4. * STRIDES[index] * (0.5 * noise).exp())
    centerness = torch.where(found, nearness.gather(1, strongest), 0.05).clamp(0.02, 0.98).logit()
    centerness = centerness + 0.3 * torch.randn(len(points), 1, generator=generator)
    return tuple(values.T.reshape(-1, *shape).contiguous()
                 for values in (logits, predicted, centerness))


def _centerness(ltrb: Tensor) -> Tensor:
    """Eq. (3) of distances (..., 4); 0 outside."""
    sides = ltrb[..., :2], ltrb[..., 2:]
    ratios = torch.minimum(*sides) / torch.maximum(*sides).clamp(min=1e-6)
    return ratios.prod(-1).sqrt()


def _levels_off(index: int, ltrb: Tensor) -> Tensor:
    """(P, G) how many levels away the one is that answers for the box at a location."""
    largest = ltrb.amax(-1)
    bounds = largest.new_tensor([high for _, high in REGRESS_RANGES[:-1]])
    return (torch.bucketize(largest, bounds) - index).abs().float()
