"""Size of an image and its boxes at the network's input, without reading the image."""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from mmcv.image import rescale_size
from mmengine.config import Config
from torch import Tensor

from fcos_mm.analysis.annotations import ImageBoxes
from fcos_mm.config.datasets import walk_datasets
from fcos_mm.errors import UserError

Size = tuple[int, int]
#: Transforms of mmdet that move boxes and are not followed.
NOT_FOLLOWED = ('Albu', 'CachedMixUp', 'CachedMosaic', 'CopyPaste', 'Expand', 'FixScaleResize',
                'MinIoURandomCrop', 'MixUp', 'Mosaic', 'Pad', 'RandomAffine',
                'RandomCenterCropPad', 'RandomCrop', 'RandomErasing', 'RandomShift',
                'ResizeShortestEdge', 'Rotate', 'ShearX', 'ShearY', 'TranslateX', 'TranslateY')


def pad(size: Sequence[int], divisor: int) -> Size:
    """Round both sides up to a multiple of the divisor."""
    return tuple(-(-side // divisor) * divisor for side in size)


def feature_sizes(height: int, width: int, strides: Sequence[int | Size]) -> list[Size]:
    """Rows and columns of each level's feature map of a padded input; a stride may be (x, y)."""
    pairs = [stride if isinstance(stride, tuple) else (stride, stride) for stride in strides]
    return [(-(-height // y), -(-width // x)) for x, y in pairs]


class InputBoxes(NamedTuple):
    """The boxes of an image, in pixels of the network's input."""
    size: Size  # width and height of the resized image
    padded: Size  # width and height after padding
    factor: tuple[float, float]  # (w, h) from the original to the resized image
    boxes: Tensor  # (G, 4) float32
    categories: Tensor  # (G,)
    crowd: Tensor  # (K, 4) float32

    def feature_sizes(self, strides: Sequence[int | Size]) -> list[Size]:
        return feature_sizes(self.padded[1], self.padded[0], strides)


class InputSize(NamedTuple):
    """How images are resized and padded for the network."""
    scale: Size | None = None  # the maximum (longer, shorter) side; None: images are not resized
    keep_ratio: bool = True  # of width and height
    clip: bool = True  # boxes to the image
    divisor: int = 1  # width and height are padded to a multiple of it
    round_down: bool = False  # sides are rounded down, as in the official code
    notes: tuple[str, ...] = ()  # remarks on the choice for a reader

    def resized(self, width: int, height: int) -> Size:
        """Width and height as ``Resize`` makes them."""
        if self.scale is None:
            return width, height
        if self.round_down:
            return _official_size(width, height, max(self.scale), min(self.scale))
        return rescale_size((width, height), self.scale) if self.keep_ratio else self.scale

    def __call__(self, image: ImageBoxes) -> InputBoxes:
        size = self.resized(image.width, image.height)
        factor = (size[0] / image.width, size[1] / image.height)
        return InputBoxes(size=size, padded=pad(size, self.divisor), factor=factor,
                          boxes=self._scale(image.boxes, factor, size),
                          categories=torch.as_tensor(image.categories),
                          crowd=self._scale(image.crowd, factor, size))

    def _scale(self, boxes: np.ndarray, factor: tuple[float, float], size: Size) -> Tensor:
        scaled = torch.as_tensor(boxes) * torch.tensor(factor * 2)
        if not self.clip or self.scale is None:
            return scaled
        return scaled.clamp(min=0).minimum(scaled.new_tensor(size * 2))


def input_size(cfg: Config, scale: Size | None = None) -> InputSize:
    """Read from a config how training images are resized and padded.

    ``Resize``, ``RandomResize`` and ``RandomChoiceResize`` are followed, with the largest of
    several scales, unless a scale (longer, shorter) is given. Without a training pipeline the
    test pipeline counts.

    Raises:
        UserError: If the config resizes by a factor and no scale is given.
    """
    transforms = [(str(t.get('type', '')).split('.')[-1], t) for t in _pipeline(cfg)]
    notes = [f'{name} is not followed: its effect on boxes is left out'
             for name, _ in transforms if name in NOT_FOLLOWED]
    name, resize = next(((n, t) for n, t in transforms if n in _SCALES), ('', {}))
    if scale is None and resize:
        scales = [(s, s) if isinstance(s, int) else tuple(s) for s in _SCALES[name](resize)]
        scale = max(scales, key=lambda sides: (max(sides), min(sides)))
        if len(scales) > 1:
            notes.append(f'{name} draws from {scales}: {scale} is used')
        if resize.get('ratio_range'):
            notes.append(f"{name} draws a ratio from {resize['ratio_range']}: 1 is used")
    return InputSize(
        scale=None if scale is None else tuple(scale),
        keep_ratio=resize.get('keep_ratio', not resize),
        clip=resize.get('clip_object_border', True),
        divisor=(cfg.model.get('data_preprocessor') or {}).get('pad_size_divisor', 1),
        notes=tuple(notes))


def _official_size(width: int, height: int, longer: int, shorter: int) -> Size:
    """Width and height as the official code resizes an image."""
    low, high = min(width, height), max(width, height)
    if high / low * shorter > longer:
        shorter = round(longer * low / high)
    if width < height:
        return shorter, int(shorter * height / width)
    return int(shorter * width / height), shorter


def _resize_scales(resize: dict) -> list:
    if resize.get('scale') is None:
        raise UserError(f'The pipeline resizes by a factor: {dict(resize)}.\n'
                        'Give the size of the input by --scale LONGER SHORTER.')
    return [resize['scale']]


def _random_resize_scales(resize: dict) -> list:
    scale = resize['scale']
    several = not isinstance(scale, int) and not isinstance(scale[0], int)
    return list(scale) if several else [scale]


_SCALES = {'Resize': _resize_scales, 'RandomResize': _random_resize_scales,
           'RandomChoiceResize': lambda resize: resize['scales']}


def _pipeline(cfg: Config) -> list[dict]:
    """The transforms of the training images, those of the first dataset and its wrappers."""
    for key in ('train_dataloader', 'test_dataloader'):
        for _, dataset, wrappers in walk_datasets((cfg.get(key) or {}).get('dataset'), key):
            if not dataset.keys() & {'dataset', 'datasets'}:
                parts = [dataset, *reversed(wrappers)]
                return [step for part in parts for step in part.get('pipeline') or []]
    return []
