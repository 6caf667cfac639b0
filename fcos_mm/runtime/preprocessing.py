"""From an image to the network's input: resize, normalise, pad; as mmdet's test pipeline."""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fcos_mm.runtime.images import ImageError
from fcos_mm.runtime.info import ModelInfo
from fcos_mm.runtime.resize import resize


class Prepared(NamedTuple):
    """An image of the network's size.

    Attributes:
        pixels: (height, width, 3) RGB uint8, resized.
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
    """

    def __init__(self, info: ModelInfo) -> None:
        self._how = how = info.preprocessing
        self._batch, self._height, self._width = info.shape
        order = range(3) if how.channels == 'rgb' else range(2, -1, -1)
        levels = np.arange(256, dtype=np.float32)
        #: For each channel of the network its place in RGB, and the normalised 256 values.
        self._tables = [(place, (levels - np.float32(mean)) / np.float32(std))
                        for place, mean, std in zip(order, how.mean, how.std, strict=True)]

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
        return Prepared(pixels=resize(image, new_width, new_height), original=(height, width),
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
            for channel, (place, table) in zip(one, self._tables):
                channel[:rows, :columns] = table[image.pixels[..., place]]
        return dict(images=inputs, sizes=sizes)

    def _target(self, width: int, height: int) -> tuple[int, int]:
        """The width and height to resize to, by mmcv's rule and inside a fixed input."""
        most = self._width or np.inf, self._height or np.inf
        wide, high = self._how.scale
        if not self._how.keep_ratio:
            return int(min(wide, most[0])), int(min(high, most[1]))
        factor = min(max(wide, high) / max(width, height), min(wide, high) / min(width, height))
        target = _scaled(width, height, factor)
        if target[0] > most[0] or target[1] > most[1]:
            target = _scaled(width, height, min(most[0] / width, most[1] / height))
        return target

    def _padded(self, height: int, width: int) -> tuple[int, int]:
        return (self._height or self._how.padded(height), self._width or self._how.padded(width))


def _scaled(width: int, height: int, factor: float) -> tuple[int, int]:
    return int(width * factor + 0.5), int(height * factor + 0.5)
