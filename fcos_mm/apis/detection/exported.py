"""An exported detector in the place of a network of PyTorch."""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from mmdet.visualization import DetLocalVisualizer
from mmengine.registry import VISUALIZERS

from fcos_mm import runtime
from fcos_mm.apis.detection.detections import Detections
from fcos_mm.apis.detection.network import Prepared
from fcos_mm.apis.detection.selection import Found, Selection
from fcos_mm.apis.detection.tiles import check_tiles, tiles_of
from fcos_mm.apis.image_files import read_image
from fcos_mm.runtime.grouping import read_at_once, usual_batch
from fcos_mm.runtime.info import ModelInfo
from fcos_mm.runtime.thresholds import Thresholds, class_indices
from fcos_mm.visualization import ours


class ExportedModel(NamedTuple):
    """A file that ``fcos-mm export`` wrote, and a line for the screen."""
    path: str
    note: str


@dataclass(frozen=True, kw_only=True)
class _Device:
    type: str

    def __str__(self) -> str:
        return self.type


class ExportedNetwork:
    """An exported detector with the interface of ``Network``.

    Args:
        model: The file.
        device: ``'cpu'`` or what the runtime of the file knows; None for the CPU.
        score_thr: A number, or ``'auto'`` for the thresholds in the file.
        classes: Names of the classes to detect; None for all.
        tiles: Side of the tiles in pixels, 0 for the size that the file does not change;
            None for whole images.
        threads: Of the network; None for the runtime's choice.

    Raises:
        UserError: If the file cannot be used, or an argument does not fit it.
    """

    def __init__(self, model: ExportedModel, *, device: str | None = None,
                 score_thr: float | str = 'auto', classes: Sequence[str] | None = None,
                 tiles: int | None = None, threads: int | None = None) -> None:
        if tiles is not None:
            check_tiles()
        self._detector = runtime.Detector(model.path, score_thr=0, device=device or 'cpu',
                                          threads=threads)
        info: ModelInfo = self._detector.info
        self.classes = tuple(info.classes)
        self.category_ids = dict(zip(info.classes, info.category_ids, strict=True))
        self.thresholds = Thresholds.of_file(info, score_thr)
        self.device = _Device(type=device or 'cpu')
        self.visualizer = _visualizer(self.classes)
        self.tile_size = tiles or min(info.preprocessing.scale) if tiles is not None else None
        self._usual_batch = usual_batch(self.device.type, info.shape[0])
        self._selection = Selection(
            classes=self.classes, category_ids=self.category_ids, thresholds=self.thresholds,
            wanted=class_indices(classes, self.classes), visualizer=self.visualizer)

    def read_at_once(self, batch_size: int | None = None) -> int:
        """How many images :meth:`detect` should get in one call."""
        return read_at_once(batch_size or self._usual_batch)

    def prepare(self, image: str | np.ndarray) -> Prepared:
        """Read an image; the runtime does the rest.

        Args:
            image: A path, or (height, width, 3) uint8 in OpenCV's order, BGR.

        Raises:
            ImageError: If it cannot be read.
        """
        pixels = np.ascontiguousarray(
            read_image(image) if isinstance(image, str) else image[..., ::-1])
        height, width = pixels.shape[:2]
        tiles = [(0, 0, width, height)]
        if self.tile_size is not None:
            tiles = tiles_of(height, width, self.tile_size)
        parts = [np.ascontiguousarray(pixels[y0:y1, x0:x1]) for x0, y0, x1, y1 in tiles]
        return Prepared(image=pixels, tiles=tiles, inputs=parts)

    def detect(self, prepared: Sequence[Prepared], batch_size: int | None = None
               ) -> Iterator[Detections | Exception]:
        """Detect in some images.

        Args:
            prepared: From :meth:`prepare`.
            batch_size: None for the file's or, if that is not fixed, 8 on a GPU and 1 on a CPU.

        Yields:
            In the order of the images the detections, or what was raised for an image.
        """
        parts = [part for image in prepared for part in image.inputs]
        outputs = iter(self._found(parts, batch_size or self._usual_batch))
        for image in prepared:
            found = [next(outputs) for _ in image.inputs]
            failed = next((one for one in found if isinstance(one, Exception)), None)
            yield failed or self._selection.detections(image.image, image.tiles, found)

    def _found(self, images: list[np.ndarray], batch_size: int) -> list[Found | Exception]:
        """Detect in all images; where that fails in each of them alone."""
        if not images:
            return []
        try:
            return [_arrays(one) for one in self._detector(images, batch_size=batch_size)]
        except Exception as error:
            if len(images) == 1:
                return [error]
        return [self._found([image], batch_size)[0] for image in images]


def _arrays(found: Any) -> Found:
    return (np.asarray(found.boxes, np.float32).reshape(-1, 4),
            np.asarray(found.scores, np.float32), np.asarray(found.labels, np.int64))


def _visualizer(classes: tuple[str, ...]) -> DetLocalVisualizer:
    visualizer = VISUALIZERS.build(ours(dict(type='DetLocalVisualizer', name='exported')))
    visualizer.dataset_meta = dict(classes=classes, palette=None)
    return visualizer
