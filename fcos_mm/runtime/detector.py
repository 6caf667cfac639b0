"""``Detector``: an exported model with its pre- and post-processing."""
from collections.abc import Iterator, Sequence
from os import PathLike

import numpy as np

from fcos_mm.errors import UserError
from fcos_mm.runtime.detections import Detections
from fcos_mm.runtime.grouping import batches, read_at_once, usual_batch
from fcos_mm.runtime.images import Picture, as_pixels
from fcos_mm.runtime.postprocessing import Found, from_decoded, from_nms
from fcos_mm.runtime.preprocessing import Prepared, Preprocessor
from fcos_mm.runtime.sessions import open_session
from fcos_mm.runtime.thresholds import Thresholds, class_indices


class Detector:
    """An exported model. Call it with an image or a list of images; threads may share it.

    The detections are those of ``fcos_mm.load`` on the model that was exported.

    Args:
        path: What ``fcos-mm export`` wrote: ``.onnx``, ``.xml`` beside its ``.bin``, or
            ``.torchscript``.
        score_thr: Minimum score of a detection. ``'auto'`` uses those in the file, which are the
            best-F1 thresholds of training.
        classes: Names of the classes to detect, or a single name; None for all.
        threads: Of the network; None for the runtime's choice.
        device: ``'cpu'``, ``'cuda'``, ``'cuda:1'``.

    Attributes:
        info: The metadata of the file.
        classes: Class names.
        thresholds: Minimum score of each class, in the order of ``classes``.

    Raises:
        UserError: If the file is missing, damaged or not exported, the package that runs it is
            not installed, or an argument does not fit it.
    """

    def __init__(self, path: str | PathLike, *, score_thr: float | str = 'auto',
                 classes: Sequence[str] | str | None = None, threads: int | None = None,
                 device: str = 'cpu') -> None:
        self._session = open_session(path, threads=threads, device=device)
        self.info = info = self._session.info
        if info.mode == 'raw':
            raise UserError(f'{path} was exported with --mode raw, which leaves the post-'
                            'processing to you; Detector cannot use it.\nExport it with --mode '
                            'decoded or nms, or use fcos_mm.runtime.open_session.')
        self.classes = info.classes
        self._kept = Thresholds.of_file(info, score_thr)
        self.thresholds = self._kept.by_class
        self._wanted = class_indices(classes, info.classes)
        self._category_ids = dict(zip(info.classes, info.category_ids, strict=True))
        self._preprocessor = Preprocessor(info)
        self._found = from_nms if info.mode == 'nms' else from_decoded
        self._file = path
        self._usual_batch = usual_batch(device, info.shape[0])

    def __repr__(self) -> str:
        return (f'Detector: {self._file}, {self.info.precision}, mode {self.info.mode}\n'
                f'  classes: {", ".join(self.classes)}\n'
                f'  score threshold: {self._kept.note}')

    def __call__(self, images: Picture | Sequence[Picture], batch_size: int | None = None
                 ) -> Detections | list[Detections]:
        """Detect objects.

        Args:
            images: A path, the bytes of an image file, a PIL image, an RGB array (height, width,
                3) of uint8, or a list of these.
            batch_size: Images per batch at most; None for that of the file, or, where it is
                dynamic, 8 on a GPU and 1 on a CPU. A fixed batch size is the largest.

        Returns:
            The detections of the image, or a list of detections for a list of images.

        Raises:
            UserError: If an image cannot be read.
        """
        several = isinstance(images, (list, tuple))
        size = self._batch_size(batch_size)
        found = list(self._detect(images if several else [images], size))
        return found if several else found[0]

    def _batch_size(self, asked: int | None) -> int:
        if asked is not None and asked < 1:
            raise UserError(f'batch_size={asked}: at least 1 is needed.')
        size = asked or self._usual_batch
        return min(size, self.info.shape[0] or size)

    def _detect(self, pictures: Sequence[Picture], size: int) -> Iterator[Detections]:
        at_once = read_at_once(size)
        for start in range(0, len(pictures), at_once):
            images = [as_pixels(picture) for picture in pictures[start:start + at_once]]
            prepared = [self._preprocessor.prepare(image) for image in images]
            found: dict[int, Found] = {}
            for indices in batches([one.padded for one in prepared], size):
                found.update(zip(indices, self._run([prepared[index] for index in indices])))
            yield from (self._detections(image, found[index])
                        for index, image in enumerate(images))

    def _run(self, prepared: list[Prepared]) -> list[Found]:
        outputs = self._session.run(self._preprocessor.batch(prepared))
        return [self._found(outputs, index, image, self.info.postprocessing)
                for index, image in enumerate(prepared)]

    def _detections(self, image: np.ndarray, found: Found) -> Detections:
        if self._wanted is not None:
            found = found.select(np.isin(found.labels, self._wanted))
        near = int(self._kept.near(found.scores, found.labels).sum())
        found = found.select(self._kept.keep(found.scores, found.labels))
        return Detections(boxes=found.boxes, scores=found.scores, labels=found.labels,
                          classes=self.classes, image=image, near=near,
                          category_ids=self._category_ids)
