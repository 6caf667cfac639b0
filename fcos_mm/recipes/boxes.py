"""The boxes of a data set as arrays, at any size of the input."""
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fcos_mm.analysis.annotations import read_boxes
from fcos_mm.analysis.input_size import InputSize, Size

_MOST = 20_000  # boxes that are looked at


class Boxes(NamedTuple):
    """The N boxes of M images, in pixels of the images."""
    sizes: np.ndarray  # (M, 2) width and height of the images
    image: np.ndarray  # (N,) index of the box's image
    corners: np.ndarray  # (N, 4) float32
    weight: np.ndarray  # (N,) every class weighs the same; the sum is 1

    def at(self, scale: Size) -> Tensor:
        """The corners (N, 4) at an input of at most (longer, shorter) sides."""
        sizes, which = np.unique(self.sizes, axis=0, return_inverse=True)
        resized = np.array([InputSize(scale=scale).resized(*map(int, size)) for size in sizes])
        factors = (resized / sizes)[which.reshape(-1)[self.image]]  # (N, 2)
        return torch.from_numpy((self.corners * np.tile(factors, 2)).astype(np.float32))


def boxes_of(ann_file: str, classes: tuple[str, ...] | None, seed: int = 0) -> Boxes:
    """Read the boxes that training would use, of many a random part."""
    images = read_boxes(ann_file, classes).images
    image = np.repeat(np.arange(len(images)), [len(each.boxes) for each in images])
    corners = np.concatenate([each.boxes for each in images])
    category = np.concatenate([each.categories for each in images])
    kept = np.arange(len(image))
    if len(kept) > _MOST:
        kept = np.sort(np.random.default_rng(seed).choice(kept, _MOST, replace=False))
    category = category[kept]
    weight = 1 / np.bincount(category)[category] / len(np.unique(category))
    return Boxes(np.array([(each.width, each.height) for each in images]),
                 image[kept], corners[kept], weight)
