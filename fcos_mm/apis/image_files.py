"""Reading an image file, and what can be said of one that cannot be read."""
import os.path as osp
from collections.abc import Sequence

import numpy as np
from mmdet.datasets.transforms import InferencerLoader
from PIL import Image, UnidentifiedImageError

from fcos_mm.datasets import LoadImageFromFile

# what Pillow raises
_UNREADABLE = (UnidentifiedImageError, OSError, ValueError, SyntaxError,
               Image.DecompressionBombError)
_WITH_PAGES = ('.gif', '.tif', '.tiff', '.webp')


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


def count_pages(path: str) -> int:
    """The number of pages or frames, of which the first is used; 1 if that is unknown."""
    if osp.splitext(path)[1].lower() not in _WITH_PAGES:
        return 1
    try:
        with Image.open(path) as image:
            return getattr(image, 'n_frames', 1)
    except _UNREADABLE:
        return 1


def describe(path: str) -> str:
    """What Pillow takes a file for that OpenCV cannot read: `` (TIFF of mode F)``, or nothing."""
    try:
        with Image.open(path) as image:
            return f' ({image.format} of mode {image.mode})'
    except _UNREADABLE:
        return ''
