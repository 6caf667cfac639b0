"""From an image to the network's input: resize, normalise, pad; as mmdet's test pipeline."""
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from fcos_mm.runtime.images import ImageError
from fcos_mm.runtime.info import ModelInfo
from fcos_mm.runtime.resize import resizer
from fcos_mm.runtime.rounding import ROUNDINGS, scaled


class Prepared(NamedTuple):
    """An image of the network's size.

    Attributes:
        pixels: (height, width, 3) RGB, resized: uint8, or float32 by the backend ``'torch'``.
        original: (height, width) of the image.
        padded: (height, width) of the input that it is padded to.
    """
    pixels: np.ndarray
    original: tuple[int, int]
    padded: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) inside the padded input."""
        return self.pixels.shape[:2]

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the input per pixel of the image, along x and y."""
        return self.size[1] / self.original[1], self.size[0] / self.original[0]


class Preprocessor:
    """Makes the input of an exported detector.

    Args:
        info: The metadata of the file.

    Raises:
        UserError: If the file needs Pillow, which is not installed.
    """

    def __init__(self, info: ModelInfo) -> None:
        self._how = how = info.preprocessing
        self._batch, self._height, self._width = info.shape
        self._resize = resizer(how.backend)
        order = range(3) if how.channels == 'rgb' else range(2, -1, -1)
        #: For each channel of the network its place in RGB, mean and deviation.
        self._channels = [(place, np.float32(mean), np.float32(std))
                          for place, mean, std in zip(order, how.mean, how.std, strict=True)]
        levels = np.arange(256, dtype=np.float32)
        self._tables = [(levels - mean) / std for _, mean, std in self._channels]

    def prepare(self, image: np.ndarray) -> Prepared:
        """Resize an image (height, width, 3) RGB uint8.

        Raises:
            ImageError: If it is too thin to be resized.
        """
        height, width = image.shape[:2]
        new_width, new_height = self._target(width, height)
        if not new_width or not new_height:
            raise ImageError(f'The image of {width} x {height} pixels is too thin: it would be '
                             f'resized to {new_width} x {new_height}.')
        return Prepared(pixels=self._resize(image, new_width, new_height), original=(height, width),
                        padded=self._padded(new_height, new_width))

    def batch(self, images: Sequence[Prepared]) -> dict[str, np.ndarray]:
        """The inputs of images that are padded to the same size.

        Returns:
            ``images`` (B, 3, H, W) float32, and ``sizes`` (B, 2) float32, the height and width of
            each inside its input. B is the file's batch size if it has one; the rest is empty.
        """
        height, width = images[0].padded
        number = self._batch or len(images)
        inputs = np.full((number, 3, height, width), self._how.pad_value, np.float32)
        sizes = np.full((number, 2), (height, width), np.float32)
        for one, image, size in zip(inputs, images, sizes):
            rows, columns = size[:] = image.size
            for channel, values in zip(one, self._normalised(image.pixels)):
                channel[:rows, :columns] = values
        return dict(images=inputs, sizes=sizes)

    def _normalised(self, pixels: np.ndarray) -> Iterator[np.ndarray]:
        """The channels of the network, float32."""
        for (place, mean, std), table in zip(self._channels, self._tables):
            channel = pixels[..., place]
            yield table[channel] if channel.dtype == np.uint8 else (channel - mean) / std

    def _target(self, width: int, height: int) -> tuple[int, int]:
        """The width and height to resize to: by the rule of the file, inside a fixed input."""
        most = self._width or np.inf, self._height or np.inf
        wide, high = self._how.scale
        if not self._how.keep_ratio:
            return int(min(wide, most[0])), int(min(high, most[1]))
        target = ROUNDINGS[self._how.rounding](width, height, max(wide, high), min(wide, high))
        if target[0] > most[0] or target[1] > most[1]:
            target = scaled(width, height, min(most[0] / width, most[1] / height))
        return target

    def _padded(self, height: int, width: int) -> tuple[int, int]:
        return (self._height or self._how.padded(height), self._width or self._how.padded(width))
