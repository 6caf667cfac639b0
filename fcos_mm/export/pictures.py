"""Pictures as inputs of an exported detector: to compare on, and to calibrate on."""
from collections.abc import Iterable, Iterator

from numpy import ndarray

from fcos_mm.runtime.info import ModelInfo
from fcos_mm.runtime.preprocessing import Prepared, Preprocessor


def batches_of(pictures: Iterable[ndarray], info: ModelInfo) -> Iterator[dict[str, ndarray]]:
    """Pictures as the runtime gives them to the file, in batches of its size, or one by one.

    The last batch is filled up with its last picture.

    Args:
        pictures: (height, width, 3) RGB uint8.
        info: The metadata of the file.

    Yields:
        ``images`` (B, 3, H, W) and ``sizes`` (B, 2), float32.

    Raises:
        UserError: If a picture is too thin to be resized.
    """
    preprocessor, size = Preprocessor(info), info.shape[0] or 1
    waiting: list[Prepared] = []
    for picture in pictures:
        waiting.append(preprocessor.prepare(picture))
        if len(waiting) == size:
            yield preprocessor.batch(waiting)
            waiting = []
    if waiting:
        yield preprocessor.batch(waiting + waiting[-1:] * (size - len(waiting)))
