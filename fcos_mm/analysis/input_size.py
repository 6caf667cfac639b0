"""How large an image and its boxes are at the network's input, without reading the image."""
from collections.abc import Iterator, Sequence
from typing import NamedTuple

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

    def feature_sizes(self, strides: Sequence[Size]) -> list[Size]:
        """Return rows and columns of each level's feature map.

        Args:
            strides: (x, y) of each level.
        """
        return [(-(-self.padded[1] // y), -(-self.padded[0] // x)) for x, y in strides]


class InputSize(NamedTuple):
    """How images are resized and padded on their way into the network.

    Attributes:
        scale: The (longer, shorter) side an image may have; None: not resized.
        keep_ratio: Whether width and height keep their ratio.
        clip: Whether boxes are cut to the image.
        divisor: Images are padded until it divides width and height.
        round_down: Whether a side is cut to whole pixels as in the official
            code, instead of rounded.
        notes: What a reader should know about the choice.
    """
    scale: Size | None = None
    keep_ratio: bool = True
    clip: bool = True
    divisor: int = 1
    round_down: bool = False
    notes: tuple[str, ...] = ()

    def resized(self, width: int, height: int) -> Size:
        """Return width and height as ``Resize`` makes them.

        Args:
            width: Width of the image.
            height: Height of the image.
        """
        if self.scale is None:
            return width, height
        if self.round_down:
            return _official_size(width, height, max(self.scale), min(self.scale))
        return rescale_size((width, height), self.scale) if self.keep_ratio else self.scale

    def __call__(self, image: ImageBoxes) -> InputBoxes:
        """Return the boxes as they are at the network's input.

        Args:
            image: An image with its boxes.
        """
        width, height = self.resized(image.width, image.height)
        factor = (width / image.width, height / image.height)
        return InputBoxes(
            size=(width, height),
            padded=tuple(-(-side // self.divisor) * self.divisor for side in (width, height)),
            factor=factor,
            boxes=self._scale(image.boxes, factor, width, height),
            categories=image.categories,
            crowd=self._scale(image.crowd, factor, width, height))

    def _scale(self, boxes: Tensor, factor: tuple[float, float], width: int,
               height: int) -> Tensor:
        scaled = boxes * boxes.new_tensor(factor * 2)
        if not self.clip or self.scale is None:
            return scaled
        return scaled.clamp(min=0).minimum(scaled.new_tensor((width, height) * 2))


def input_size(cfg: Config, scale: Size | None = None) -> InputSize:
    """Read from a config how training images are resized and padded.

    ``Resize``, ``RandomResize`` and ``RandomChoiceResize`` are followed; of
    several scales the largest counts. Without a training pipeline the one of
    the test counts.

    Args:
        cfg: The config.
        scale: The (longer, shorter) side to use instead of the config's.

    Raises:
        UserError: If the config resizes by a factor and no scale is given.
    """
    transforms = _pipeline(cfg)
    divisor = (cfg.model.get('data_preprocessor') or {}).get('pad_size_divisor', 1)
    notes = [f'{name} is not followed: what it does to boxes is left out'
             for name in (_name(transform) for transform in transforms) if name in NOT_FOLLOWED]
    resize = next((t for t in transforms if _name(t) in _SCALES), {})
    if scale is None and resize:
        scales = _SCALES[_name(resize)](resize)
        scale = max(scales, key=lambda sides: (max(sides), min(sides)))
        if len(scales) > 1:
            notes.append(f'{_name(resize)} draws from {scales}: {scale} is used')
        if resize.get('ratio_range'):
            notes.append(f"{_name(resize)} draws a ratio from {resize['ratio_range']}: 1 is used")
    return InputSize(
        scale=None if scale is None else tuple(scale),
        keep_ratio=resize.get('keep_ratio', not resize),
        clip=resize.get('clip_object_border', True),
        divisor=divisor,
        notes=tuple(notes))


def _official_size(width: int, height: int, longer: int, shorter: int) -> Size:
    """Return width and height as the official code resizes an image."""
    low, high = min(width, height), max(width, height)
    if high / low * shorter > longer:
        shorter = round(longer * low / high)
    if width < height:
        return shorter, int(shorter * height / width)
    return int(shorter * width / height), shorter


def _resize_scales(resize: dict) -> list[Size]:
    scale = resize.get('scale')
    if scale is None:
        raise UserError(f'The pipeline resizes by a factor: {dict(resize)}.\n'
                        'Give the size of the input by --scale LONGER SHORTER.')
    return [_pair(scale)]


def _random_resize_scales(resize: dict) -> list[Size]:
    scale = resize['scale']
    several = not isinstance(scale, int) and not isinstance(scale[0], int)
    return [_pair(s) for s in scale] if several else [_pair(scale)]


_SCALES = {
    'Resize': _resize_scales,
    'RandomResize': _random_resize_scales,
    'RandomChoiceResize': lambda resize: [_pair(s) for s in resize['scales']],
}


def _pair(scale) -> Size:
    return (scale, scale) if isinstance(scale, int) else tuple(scale)


def _name(transform: dict) -> str:
    return str(transform.get('type', '')).split('.')[-1]


def _pipeline(cfg: Config) -> list[dict]:
    """Return the transforms of the training images, those of wrapped datasets too."""
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
