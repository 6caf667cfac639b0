"""Comparing a written file with the network in PyTorch, on pictures."""
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy import ndarray

from fcos_mm.errors import UserError
from fcos_mm.export.comparison import SAME, Pairs, overlaps, paired, together
from fcos_mm.export.network import ExportNetwork
from fcos_mm.runtime.info import ModelInfo
from fcos_mm.runtime.sessions import open_session

_LONG = 1000  # pixels; the error of a longer box is counted in thousandths of its longest side


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """What a file of a precision may differ by.

    float32 in another order of operations differs by some 1e-6 of each layer's largest value, so
    largest differences are bounded. With fewer bits scores near the threshold and boxes near the
    limit of NMS change sides, so the share of detections that stay is bounded.

    Attributes:
        score: Largest difference of a score; None for no limit.
        box: Largest difference of an edge in pixels; None for no limit.
        lost: Share of the pairs that only one of the two has.
        same: Share of the network's detections above the thresholds that the file has too, with
            IoU from 0.75 and a score within 0.1.
    """
    score: float | None = None
    box: float | None = None
    lost: float = 1.
    same: float


TOLERANCES = {
    'fp32': Tolerance(score=1e-4, box=0.05, lost=0.01, same=0.99),
    'fp16': Tolerance(same=0.95),
    'bf16': Tolerance(same=0.9),
    'int8': Tolerance(same=0.75),
}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How a file differs from its network.

    Attributes:
        pictures: How many were compared.
        detections: Pairs of score and box compared.
        score: Largest difference of a score.
        box: Largest difference of an edge, in pixels of the input.
        lost: Pairs that only one of the two has.
        shown: The network's detections above the thresholds; above ``score_thr`` if there is none.
        same: Those that the file has too.
    """
    pictures: int
    detections: int
    score: float
    box: float
    lost: int
    shown: int
    same: int

    def lines(self) -> list[str]:
        """A table for the screen."""
        rows = (('pictures', f'{self.pictures}'), ('detections compared', f'{self.detections}'),
                ('largest difference of a score', f'{self.score:.2g}'),
                ('largest difference of a box', f'{self.box:.2g} px'),
                ('found by one of both only', f'{self.lost}'),
                ('above the threshold, and the same', f'{self.same} of {self.shown}'))
        return [f'  {name:<34} {value:>12}' for name, value in rows]

    def faults(self, tolerance: Tolerance) -> list[str]:
        """What is beyond a tolerance."""
        found = []
        for name, value, most, unit in (('score', self.score, tolerance.score, ''),
                                        ('box', self.box, tolerance.box, ' px')):
            if most is not None and not value <= most:
                found.append(f'a {name} differs by {value:.3g}{unit}, more than {most:g}{unit}')
        if self.lost > max(1, tolerance.lost * self.detections):
            found.append(f'{self.lost} of {self.detections} detections are found by one of both '
                         'only')
        if self.same < tolerance.same * self.shown - 1:
            found.append(f'only {self.same} of {self.shown} detections are the same, less than '
                         f'{tolerance.same:.0%}')
        return found


def verify(network: ExportNetwork, path: str | Path, inputs: Iterable[Mapping[str, ndarray]], *,
           info: ModelInfo) -> Comparison:
    """Run a file and its network on inputs and compare the outputs.

    Args:
        network: The network.
        path: The file.
        inputs: ``images`` and ``sizes`` of each batch.
        info: The metadata that the file should have.

    Raises:
        UserError: If they differ by more than the tolerance of the precision, or the file cannot
            be run.
    """
    session = open_session(path)
    if session.info != info:
        raise UserError(f'{path} does not hold its metadata.\nReport this as a bug.')
    parts, pictures = [], 0
    for batch in inputs:
        pictures += len(batch['images'])
        parts.append(paired(reference(network, batch), session.run(batch), info))
    comparison = _compared(together(parts), pictures, info)
    faults = comparison.faults(TOLERANCES[info.precision])
    if faults:
        raise UserError('\n'.join([
            f'The {info.precision} file differs from the model: {"; ".join(faults)}.',
            *comparison.lines(), 'Nothing was written. ' + _remedy(info)]))
    return comparison


@torch.no_grad()
def reference(network: ExportNetwork, batch: Mapping[str, ndarray]) -> dict[str, ndarray]:
    """The outputs of the network by name; those of ``nms`` come from ``FCOSPostProcessor``."""
    images = torch.from_numpy(batch['images'])
    if network.mode != 'nms':
        return {name: value.numpy() for name, value in zip(network.output_names, network(images))}
    metas = [dict(img_shape=tuple(size), batch_input_shape=tuple(images.shape[-2:]))
             for size in batch['sizes'].astype(int).tolist()]
    found = network.head.predict_by_feat(*network.network_outputs(images), batch_img_metas=metas)
    most, extra = network.suppression.max_per_img, network.suppression.extra
    outputs = dict(
        boxes=np.zeros((len(found), most, 4), np.float32),
        scores=np.zeros((len(found), most), np.float32),
        labels=np.full((len(found), most), -1, np.int64), count=np.array([len(f) for f in found]))
    for image, one in enumerate(found):
        edge = torch.tensor([0., 0., extra, extra])
        outputs['boxes'][image, :len(one)] = (one.bboxes - edge).numpy()
        outputs['scores'][image, :len(one)] = one.scores.numpy()
        outputs['labels'][image, :len(one)] = one.labels.numpy()
    return outputs


def other_sizes(batch: Mapping[str, ndarray], info: ModelInfo) -> Iterator[dict[str, ndarray]]:
    """Inputs of other sizes and batches than that of one picture, as far as they are dynamic.

    Two parts of the picture, and two copies of the first as a batch.
    """
    images = batch['images'][:1]
    divisor, (height, width) = info.preprocessing.pad_divisor, images.shape[2:]
    for rows, columns, count in ((height, width // 2, 1), (height // 2, width, 2)):
        rows = height if info.shape[1] else max(divisor, rows // divisor * divisor)
        columns = width if info.shape[2] else max(divisor, columns // divisor * divisor)
        part = images[:, :, :rows, :columns].repeat(info.shape[0] or count, axis=0)
        yield dict(images=np.ascontiguousarray(part),
                   sizes=np.full((len(part), 2), (rows, columns), np.float32))


def _compared(pairs: Pairs, pictures: int, info: ModelInfo) -> Comparison:
    both = (pairs.scores > 0).all(1)
    scores = np.abs(pairs.scores[:, 0] - pairs.scores[:, 1])
    sides = (pairs.boxes[:, 0, 2:] - pairs.boxes[:, 0, :2]).max(-1, initial=0)
    boxes = np.abs(pairs.boxes[:, 0] - pairs.boxes[:, 1]).max(-1, initial=0)
    boxes = boxes / np.maximum(1, sides / _LONG)
    limits = np.float32(info.thresholds)[pairs.labels]
    shown = pairs.scores[:, 0] >= limits
    if not shown.any():
        shown = pairs.scores[:, 0] > info.postprocessing.score_thr
    same = shown & both & (scores <= 0.1) & (overlaps(pairs.boxes[:, 0], pairs.boxes[:, 1]) >= SAME)
    return Comparison(
        pictures=pictures, detections=len(both), score=float(scores[both].max(initial=0)),
        box=float(boxes[both].max(initial=0)), lost=int((~both).sum()), shown=int(shown.sum()),
        same=int(same.sum()))


def _remedy(info: ModelInfo) -> str:
    if info.precision == 'fp32':
        return 'Report this as a bug, with the config.'
    if info.precision == 'int8':
        return ('Calibrate on more pictures like those of your task (--images), or take '
                '--precision fp16.')
    return 'Take --precision fp32.'
