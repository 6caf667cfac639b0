"""Random boxes distributed like COCO's, any number an image.

In COCO val2017, at the size of the network's input (short side 800, long side at
most 1333), the geometric mean of a box's sides is log-normal
to a good approximation: median 104 pixels, standard deviation 1.07 of the
logarithm. So is the ratio of width to height: median 0.87, deviation 0.74.
"""
import math
from collections.abc import Sequence

import torch
from mmengine.structures import InstanceData

MEDIAN_SIDE, SPREAD_OF_SIDE = 104., 1.07
MEDIAN_RATIO, SPREAD_OF_RATIO = 0.87, 0.74
SMALLEST = 4.


def coco_like(count: int, size: tuple[int, int], generator: torch.Generator, *,
              num_classes: int = 80, grid: float | None = None) -> InstanceData:
    """Draw the boxes of one image.

    Args:
        count: number of boxes.
        size: height and width of the image in pixels.
        generator: the random generator.
        num_classes: labels are below this.
        grid: sides lie on multiples of this many pixels.

    Returns:
        ``bboxes`` (count, 4) in pixels inside the image, ``labels`` (count,).
    """
    limit = torch.tensor([size[1], size[0]], dtype=torch.float32)
    side, ratio = torch.randn(2, count, generator=generator)
    side = MEDIAN_SIDE * (SPREAD_OF_SIDE * side).exp()
    ratio = (MEDIAN_RATIO * (SPREAD_OF_RATIO * ratio).exp()).sqrt()
    extent = torch.stack([side * ratio, side / ratio], dim=1)  # (count, 2) width, height
    extent = torch.minimum(extent.clamp(min=SMALLEST), limit)
    near = torch.rand(count, 2, generator=generator) * (limit - extent)
    far = near + extent
    if grid:
        near, far = (near / grid).floor() * grid, (far / grid).ceil() * grid
        far = torch.minimum(far, (limit / grid).floor() * grid)
    labels = torch.randint(0, num_classes, (count, ), generator=generator)
    return InstanceData(bboxes=torch.cat([near, far], dim=1), labels=labels)


def coco_like_batch(counts: Sequence[int], size: tuple[int, int], device: str, *, seed: int = 0,
                    grid: float | None = None) -> list[InstanceData]:
    """Draw the boxes of several images, see :func:`coco_like`.

    Args:
        counts: number of boxes of each image.
        size: height and width of the images in pixels.
        device: of the tensors.
        seed: of the generator.
        grid: as in :func:`coco_like`.
    """
    generator = torch.Generator().manual_seed(seed)
    return [coco_like(count, size, generator, grid=grid).to(device) for count in counts]


def padded(size: tuple[int, int], divisor: int = 32) -> tuple[int, int]:
    """Padded height and width of images of this size."""
    return tuple(math.ceil(side / divisor) * divisor for side in size)


def feature_sizes(size: tuple[int, int],
                  strides: Sequence[int] = (8, 16, 32, 64, 128)) -> list[tuple[int, int]]:
    """Rows and columns of the feature maps of images of this size.

    >>> feature_sizes((800, 1333))
    [(100, 168), (50, 84), (25, 42), (13, 21), (7, 11)]
    """
    return [tuple(math.ceil(side / stride) for side in padded(size)) for stride in strides]
