"""Size of an image and its boxes at the network's input, without reading the image."""
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from mmcv.image import rescale_size
from mmengine.config import Config
from torch import Tensor

from fcos_mm.analysis.annotations import ImageBoxes
from fcos_mm.errors import UserError

Size = tuple[int, int]
#: Transforms of mmdet that move boxes and are not followed.
NOT_FOLLOWED = ('Albu', 'CachedMixUp', 'CachedMosaic', 'CopyPaste', 'Expand', 'FixScaleResize',
                'MinIoURandomCrop', 'MixUp', 'Mosaic', 'Pad', 'RandomAffine',
                'RandomCenterCropPad', 'RandomCrop', 'RandomErasing', 'RandomShift',
                'ResizeShortestEdge', 'Rotate', 'ShearX', 'ShearY', 'TranslateX', 'TranslateY')


def pad(size: Sequence[int], divisor: int) -> Size:
    """Round both sides up to a multiple of the divisor.

    Args:
        size: Two sides in pixels.
        divisor: ``pad_size_divisor`` of the data preprocessor.
    """
    return tuple(-(-side // divisor) * divisor for side in size)


def feature_sizes(height: int, width: int, strides: Sequence[int | Size]) -> list[Size]:
    """Rows and columns of each level's feature map.

    Args:
        height: Of the padded input.
        width: Of the padded input.
        strides: Of each level, one number or (x, y).
    """
    pairs = [stride if isinstance(stride, tuple) else (stride, stride) for stride in strides]
    return [(-(-height // y), -(-width // x)) for x, y in pairs]


class InputBoxes(NamedTuple):
    """The boxes of an image, in pixels of the network's input.

    Attributes:
        size: Width and height of the resized image.
        padded: Width and height after padding.
        factor: (w, h) from the original to the resized image.
        boxes: (G, 4) float32.
        categories: (G,).
        crowd: (K, 4) float32.
    """
    size: Size
    padded: Size
    factor: tuple[float, float]
    boxes: Tensor
    categories: Tensor
    crowd: Tensor

    def feature_sizes(self, strides: Sequence[int | Size]) -> list[Size]:
        """Rows and columns of each level's feature map; see :func:`feature_sizes`."""
        return feature_sizes(self.padded[1], self.padded[0], strides)


class InputSize(NamedTuple):
    """How images are resized and padded for the network.

    Attributes:
        scale: The maximum (longer, shorter) side; None: images are not resized.
        keep_ratio: Whether the aspect ratio is kept.
        clip: Whether boxes are clipped to the image.
        divisor: Width and height are padded to a multiple of it.
        round_down: Whether sides are rounded down, as in the official code.
        notes: Remarks on the choice for a reader.
    """
    scale: Size | None = None
    keep_ratio: bool = True
    clip: bool = True
    divisor: int = 1
    round_down: bool = False
    notes: tuple[str, ...] = ()

    def resized(self, width: int, height: int) -> Size:
        """Width and height as ``Resize`` makes them."""
        if self.scale is None:
            return width, height
        if self.round_down:
            return _official_size(width, height, max(self.scale), min(self.scale))
        return rescale_size((width, height), self.scale) if self.keep_ratio else self.scale

    def __call__(self, image: ImageBoxes) -> InputBoxes:
        """Transform the boxes of an image to the network's input."""
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
    several scales. Without a training pipeline the test pipeline counts.

    Args:
        cfg: The config.
        scale: The (longer, shorter) side to use instead of the config's.

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
    """The transforms of the training images, those of wrapped datasets included."""
    for key in ('train_dataloader', 'test_dataloader'):
        dataset = (cfg.get(key) or {}).get('dataset')
        if dataset:
            return list(_transforms(dataset))
    return []


def _transforms(dataset: dict) -> Iterator[dict]:
    for inner in [dataset.get('dataset'), *(dataset.get('datasets') or [])[:1]]:
        if inner:
            yield from _transforms(inner)
    yield from dataset.get('pipeline') or []
