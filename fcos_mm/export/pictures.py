"""Pictures as inputs of an exported detector: to compare on, and to calibrate on."""
from collections.abc import Iterable, Iterator, Sequence

import mmcv
import numpy as np
from numpy import ndarray

from fcos_mm.export.info import padded_side
from fcos_mm.runtime.info import ModelInfo, Preprocessing


def input_of(picture: ndarray, info: ModelInfo) -> dict[str, ndarray]:
    """The input of one picture (height, width, 3) RGB uint8, for a batch of one.

    A fixed height and width is the most that the picture gets.

    Returns:
        ``images`` (1, 3, H, W) and ``sizes`` (1, 2), float32.
    """
    rule, (_, height, width) = info.preprocessing, info.shape
    resized = mmcv.imresize(picture, _size(picture, rule, height, width))
    rows, columns = resized.shape[:2]
    pixels = resized if rule.channels == 'rgb' else resized[..., ::-1]
    values = (pixels - np.float32(rule.mean)) / np.float32(rule.std)
    images = np.full((1, 3, height or padded_side(rows, rule),
                      width or padded_side(columns, rule)), rule.pad_value, np.float32)
    images[0, :, :rows, :columns] = values.transpose(2, 0, 1)
    return dict(images=images, sizes=np.array([[rows, columns]], np.float32))


def batches_of(pictures: Iterable[ndarray], info: ModelInfo) -> Iterator[dict[str, ndarray]]:
    """The pictures in batches of the file's size, or one by one.

    The last batch is filled up with its last picture.
    """
    size = info.shape[0] or 1
    waiting = []
    for picture in pictures:
        waiting.append(input_of(picture, info))
        if len(waiting) == size:
            yield joined(waiting)
            waiting = []
    if waiting:
        yield joined(waiting + waiting[-1:] * (size - len(waiting)))


def joined(inputs: Sequence[dict[str, ndarray]]) -> dict[str, ndarray]:
    """Inputs of one shape as a batch."""
    return {name: np.concatenate([one[name] for one in inputs]) for name in inputs[0]}


def _size(picture: ndarray, rule: Preprocessing, height: int, width: int) -> tuple[int, int]:
    """The width and height to resize to."""
    most = width or np.inf, height or np.inf
    if not rule.keep_ratio:
        return tuple(int(min(pair)) for pair in zip(rule.scale, most))
    rows, columns = picture.shape[:2]
    factor = min(max(rule.scale) / max(rows, columns), min(rule.scale) / min(rows, columns))
    size = _scaled(columns, rows, factor)
    if size[0] > most[0] or size[1] > most[1]:
        size = _scaled(columns, rows, min(most[0] / columns, most[1] / rows))
    return size


def _scaled(width: int, height: int, factor: float) -> tuple[int, int]:
    return max(1, int(width * factor + 0.5)), max(1, int(height * factor + 0.5))
