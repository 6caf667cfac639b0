"""Detection in Python: ``detector = fcos_mm.load('work_dirs/mine')``."""
import contextlib
import io
import os
import warnings
from collections.abc import Iterator, Sequence
from os import PathLike

import numpy as np
from PIL import Image

from fcos_mm.apis.detection.network import Network
from fcos_mm.apis.detection.opening import find_network, open_network
from fcos_mm.detection.exported import ExportedNetwork
from fcos_mm.detection.image_files import describe
from fcos_mm.detection.tiles import Prepared
from fcos_mm.errors import UserError
from fcos_mm.runtime.detections import Detections
from fcos_mm.runtime.images import ImageError, given_pixels
from fcos_mm.speed.precision import check_precision

Picture = str | PathLike | Image.Image | np.ndarray


def load(model: str | PathLike, weights: str | PathLike | None = None, *,
         device: str | None = None, score_thr: float | str = 'auto',
         classes: Sequence[str] | str | None = None, tiles: int | None = None,
         precision: str | None = None) -> 'Detector':
    """Load a trained model.

    Args:
        model: A work dir, whose best checkpoint is used; a checkpoint; a config, by path or
            as ``fcos_mm::name``; a file that ``fcos-mm export`` wrote; or the name of a published
            model, such as ``'fcos_r50_coco'``, which is downloaded at its first use.
        weights: The checkpoint, if ``model`` is a config.
        device: ``'cpu'``, ``'cuda:0'``, ...; None for the best one available; the
            CPU for an exported file.
        score_thr: Minimum score of a detection. ``'auto'`` uses the best-F1 threshold of each
            class that training stored in the checkpoint, or 0.3 if there is none.
        classes: Names of the classes to detect, or a single name; None for all.
        tiles: Also detect in tiles with this side length in pixels, for small objects in large
            images.
        precision: ``'bf16'`` computes convolutions in bfloat16, with a warning on a CPU where
            this is slower; ``'fp32'``; None for what the config says, or else ``'fp32'``.

    Raises:
        UserError: If the model does not exist, or an argument does not fit it.
    """
    found = find_network(os.fspath(model), None if weights is None else os.fspath(weights),
                         device=device)
    with _quiet():
        network = open_network(found, device=device, score_thr=score_thr, classes=classes,
                               tiles=tiles, precision=precision)
    if slow := check_precision(precision, network.device):
        warnings.warn(slow, stacklevel=2)
    return Detector(network, found.note)


class Detector:
    """A trained model, created by :func:`load`. Call it with an image or a list of images.

    Attributes:
        classes: Class names.
        thresholds: Minimum score of each class, in the order of ``classes``.
    """

    def __init__(self, network: Network | ExportedNetwork, note: str) -> None:
        self._network, self._note = network, note
        self.classes = network.classes
        self.thresholds = network.thresholds.by_class

    def __repr__(self) -> str:
        return (f'Detector: {self._note} on {self._network.device}\n'
                f'  classes: {", ".join(self.classes)}\n'
                f'  score threshold: {self._network.thresholds.note}')

    def __call__(self, images: Picture | Sequence[Picture], batch_size: int | None = None
                 ) -> Detections | list[Detections]:
        """Detect objects.

        Args:
            images: A path, a PIL image, an RGB array (height, width, 3) of uint8, or a list of
                these.
            batch_size: Number of images per batch; None for 8 on a GPU and 1 on a CPU.

        Returns:
            The detections of the image, or a list of detections for a list of images.

        Raises:
            UserError: If an image cannot be read.
        """
        several = isinstance(images, (list, tuple))
        found = list(self._detect(images if several else [images], batch_size))
        return found if several else found[0]

    def _detect(self, images: Sequence[Picture], batch_size: int | None) -> Iterator[Detections]:
        at_once = self._network.read_at_once(batch_size)
        for start in range(0, len(images), at_once):
            prepared = [self._prepared(image) for image in images[start:start + at_once]]
            for found in self._network.detect(prepared, batch_size):
                if isinstance(found, Exception):
                    raise found
                yield found

    def _prepared(self, image: Picture) -> Prepared:
        readable = _readable(image)
        try:
            return self._network.prepare(readable)
        except ImageError as error:
            if not os.path.exists(readable):
                raise UserError(f'Image not found: {readable}') from error
            if os.path.isdir(readable):
                raise UserError(f'{readable} is a folder.\nPass its images as a list.') from error
            raise UserError(f'{readable} cannot be read as an image{describe(readable)}.'
                            ) from error


def _readable(image: Picture) -> str | np.ndarray:
    """A path as it is, pixels as OpenCV would read them from a file: BGR.

    Raises:
        UserError: If it is no image.
    """
    if isinstance(image, (str, PathLike)):
        return os.fspath(image)
    return np.ascontiguousarray(given_pixels(image)[..., ::-1])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what libraries print and warn of while a model is built to themselves."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield
