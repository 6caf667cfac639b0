"""Reading an image file as a pipeline does."""
from collections.abc import Sequence

import numpy as np
from mmdet.datasets.transforms import InferencerLoader

from fcos_mm.datasets import LoadImageFromFile


def read_image(path: str) -> np.ndarray:
    """Read an image as the model will see it: RGB, uint8 ``(height, width, 3)``.

    Raises:
        ImageError: If it cannot be read.
    """
    return LoadImageFromFile()(dict(img_path=path))['img'][..., ::-1]


def as_rgb(pixels: np.ndarray) -> np.ndarray:
    """What a pipeline loaded, as RGB uint8 (height, width, 3) to draw into."""
    pixels = np.clip(pixels, 0, 255).astype(np.uint8, copy=False)
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
    return pixels[..., 2::-1]


def loader_place(steps: Sequence) -> int:
    """The index of the step of an inferencer's pipeline that loads the image."""
    return next(index for index, step in enumerate(steps) if isinstance(step, InferencerLoader))
