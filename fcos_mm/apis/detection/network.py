"""A trained detector that takes images in batches."""
import copy
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import torch
from mmdet.structures import DetDataSample

from fcos_mm.apis.detection.detections import Detections
from fcos_mm.apis.detection.thresholds import choose_thresholds
from fcos_mm.apis.image_files import as_rgb, loader_place
from fcos_mm.apis.inferencer import build_inferencer, find_category_ids
from fcos_mm.apis.trained_model import TrainedModel
from fcos_mm.checkpoints.safe_loading import read_checkpoint
from fcos_mm.config.datasets import first_dataset
from fcos_mm.detection.selection import Found, Selection
from fcos_mm.detection.tiles import Prepared, check_tiles, tiles_of
from fcos_mm.errors import UserError
from fcos_mm.runtime.grouping import batches, read_at_once, usual_batch
from fcos_mm.runtime.thresholds import class_indices


class Network:
    """A detector with its weights, its test pipeline and the thresholds of its scores.

    Args:
        model: The config and the checkpoint.
        device: A device of torch; None for the best one available.
        score_thr: See :func:`choose_thresholds`.
        classes: Names of the classes to detect; None for all.
        tiles: Side of the tiles in pixels, 0 for the size that the pipeline does not change;
            None for whole images.
        precision: ``'fp32'`` or ``'bf16'``; None for what the config says.

    Raises:
        UserError: If the model cannot be used, or an argument does not fit it.
    """

    def __init__(self, model: TrainedModel, *, device: str | None = None,
                 score_thr: float | str = 'auto', classes: Sequence[str] | None = None,
                 tiles: int | None = None, precision: str | None = None) -> None:
        checkpoint = read_checkpoint(model.checkpoint)
        meta = checkpoint.get('meta', {}) if isinstance(checkpoint, dict) else {}
        self.inferencer = build_inferencer(model.cfg, model.checkpoint, device,
                                           precision=precision)
        self.visualizer = self.inferencer.visualizer
        self.classes = tuple(self.inferencer.model.dataset_meta['classes'])
        self.category_ids = find_category_ids(self.inferencer.cfg, self.classes)
        self.thresholds = choose_thresholds(score_thr, meta, self.classes)
        self.device = next(self.inferencer.model.parameters()).device
        self._usual_batch = usual_batch(self.device.type)
        self._selection = Selection(
            classes=self.classes, category_ids=self.category_ids, thresholds=self.thresholds,
            wanted=class_indices(classes, self.classes),
            kind=partial(Detections, visualizer=self.visualizer))
        self.tile_size = tiles
        if tiles is not None:
            check_tiles()
            self.tile_size = tiles or _size_kept(model.cfg)
        steps = self.inferencer.pipeline.transforms
        place = loader_place(steps)
        self._load, self._steps = steps[:place + 1], steps[place + 1:]

    def read_at_once(self, batch_size: int | None = None) -> int:
        """How many images :meth:`detect` should get in one call."""
        return read_at_once(batch_size or self._usual_batch)

    def prepare(self, image: str | np.ndarray) -> Prepared:
        """Read an image and bring it into the form that the network wants.

        Args:
            image: A path, or (height, width, 3) uint8 in OpenCV's order, BGR.

        Raises:
            ImageError: If it cannot be read.
        """
        loaded = _run(self._load, image)
        pixels = loaded['img']
        height, width = pixels.shape[:2]
        tiles = [(0, 0, width, height)]
        if self.tile_size is None or max(height, width) <= self.tile_size:
            return Prepared(image=as_rgb(pixels), tiles=tiles,
                            inputs=[_run(self._steps, loaded)])
        tiles = tiles_of(height, width, self.tile_size)
        parts = (np.ascontiguousarray(pixels[y0:y1, x0:x1]) for x0, y0, x1, y1 in tiles)
        return Prepared(image=as_rgb(pixels), tiles=tiles, inputs=[
            _run(self._steps, {**copy.copy(loaded), 'img': part, 'img_shape': part.shape[:2],
                               'ori_shape': part.shape[:2]}) for part in parts])

    def detect(self, prepared: Sequence[Prepared], batch_size: int | None = None
               ) -> Iterator[Detections | Exception]:
        """Detect in some images, in batches of those that are padded to the same size.

        Padding so changes nothing: an image in a batch gets as much as it does alone.

        Args:
            prepared: From :meth:`prepare`.
            batch_size: None for 8 on a GPU and 1 on a CPU.

        Yields:
            In the order of the images the detections, or what was raised for an image.
        """
        inputs = [one for image in prepared for one in image.inputs]
        outputs: dict[int, DetDataSample | Exception] = {}
        for indices in self._batches(inputs, batch_size or self._usual_batch):
            outputs.update(zip(indices, self._forward([inputs[index] for index in indices])))
        start = 0
        for image in prepared:
            found = [outputs[start + index] for index in range(len(image.inputs))]
            start += len(found)
            failed = next((one for one in found if isinstance(one, Exception)), None)
            yield failed or self._selection.detections(image.image, image.tiles,
                                                       [_arrays(one) for one in found])

    def _batches(self, inputs: Sequence[dict], size: int) -> Iterator[list[int]]:
        """The indices of the inputs of each batch."""
        divisor = getattr(self.inferencer.model.data_preprocessor, 'pad_size_divisor', 1)
        return batches([tuple(-(-side // divisor) for side in one['inputs'].shape[-2:])
                        for one in inputs], size)

    def _forward(self, inputs: list[dict]) -> list[DetDataSample | Exception]:
        """Run a batch; where it fails each of its inputs alone."""
        try:
            return self.inferencer.forward(self.inferencer.collate_fn(copy.copy(inputs)))
        except Exception as error:
            if len(inputs) == 1:
                return [error]
        torch.cuda.empty_cache()  # a batch too large: its error, which held its tensors, is gone
        return [self._forward([one])[0] for one in inputs]


def _run(steps: Sequence, sample):
    for step in steps:
        sample = step(sample)
        if sample is None:
            raise UserError('The test pipeline skips this image.')
    return sample


def _arrays(sample: DetDataSample) -> Found:
    found = sample.pred_instances.cpu().numpy()
    return found.bboxes, found.scores, found.labels


def _size_kept(cfg) -> int:
    """The side of the squares that the test pipeline leaves as large as they are."""
    pipeline = first_dataset(cfg.test_dataloader).get('pipeline') or ()
    scales = [step['scale'] for step in pipeline if isinstance(step.get('scale'), (tuple, list))]
    if not scales:
        raise UserError('--tiles: the test pipeline has no Resize with a scale, so the size is '
                        'unknown.\nGive it: --tiles 640.')
    return min(scales[0])
