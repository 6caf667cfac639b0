"""An exported detector in the place of a network of PyTorch."""
import os.path as osp
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fcos_mm import runtime
from fcos_mm.detection.selection import Found, Selection
from fcos_mm.detection.tiles import Prepared, check_tiles, tiles_of
from fcos_mm.errors import UserError
from fcos_mm.runtime.detections import Detections
from fcos_mm.runtime.grouping import read_at_once, usual_batch
from fcos_mm.runtime.images import read_image
from fcos_mm.runtime.info import ModelInfo
from fcos_mm.runtime.sessions import RUNTIMES
from fcos_mm.runtime.thresholds import Thresholds, class_indices


class ExportedModel(NamedTuple):
    """A file that ``fcos-mm export`` wrote, and a line for the screen."""
    path: str
    note: str


def find_exported(model: str, weights: str | None = None, options: object = None
                  ) -> ExportedModel:
    """The exported model of a path.

    Args:
        model: A file that ``fcos-mm export`` wrote.
        weights: None, as the file contains them.
        options: None or empty, as the file contains its settings.

    Raises:
        UserError: If there is no such file, or an argument does not go with it.
    """
    if weights is not None:
        raise UserError(f'{model} contains its weights: leave --weights {weights} out.')
    if options:
        raise UserError(f'{model} contains its settings, and --cfg-options cannot change them.\n'
                        'Export the model with them: fcos-mm export MODEL --cfg-options ...')
    check_exported(model)
    return ExportedModel(model, f'{model} (exported)')


def refuse_options(path: str, options: dict[str, str | None]) -> None:
    """Refuse options that change how PyTorch runs a network; those that are None do not count.

    Raises:
        UserError: If there is one.
    """
    for name, value in options.items():
        if value is not None:
            kind = ' --format openvino' if value == 'bf16' else ''
            raise UserError(f'--{name} {value}: {path} runs as it was exported.\nExport the model '
                            f'again: fcos-mm export MODEL{kind} --{name} {value}')


def is_exported(model: str) -> bool:
    """Whether a path ends like an exported model.

    Raises:
        UserError: If it is the second file of one.
    """
    stem, ending = osp.splitext(model)
    if ending == '.bin' and osp.isfile(f'{stem}.xml'):
        raise UserError(f'{model} contains only the weights of an exported model.\n'
                        f'Give {stem}.xml.')
    return ending.lower() in RUNTIMES and not osp.isdir(model)


def check_exported(path: str) -> None:
    """Make sure that an exported model is there.

    Raises:
        UserError: If a file is missing; names it.
    """
    stem, ending = osp.splitext(path)
    for file in (path, *([f'{stem}.bin'] if ending == '.xml' else [])):
        if not osp.isfile(file):
            raise UserError(f'Exported model not found: {file}\nWrite it: fcos-mm export MODEL')


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
        self.tile_size = tiles or min(info.preprocessing.scale) if tiles is not None else None
        self._usual_batch = usual_batch(self.device.type, info.shape[0])
        self._selection = Selection(
            classes=self.classes, category_ids=self.category_ids, thresholds=self.thresholds,
            wanted=class_indices(classes, self.classes))

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
