"""The ways to run one model: format and precision."""
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from deployment.answers import Answer, answer_of
from deployment.subject import Subject, bytes_of, bytes_of_weights, mmdet_twin
from fcos_mm import runtime
from fcos_mm.apis.detection.opening import open_network
from fcos_mm.apis.exporting.pictures import Pictures, batches_of
from fcos_mm.apis.inferencer import build_inferencer, find_category_ids
from fcos_mm.apis.trained_model import TrainedModel
from fcos_mm.compat.cpu_features import cpu_features
from fcos_mm.export.formats import FORMATS
from fcos_mm.export.info import model_info, padded_scale, preprocessing
from fcos_mm.export.network import ExportNetwork

PYTORCH, MMDET = 'PyTorch', 'mmdet'
_CALIBRATED_ON = 100  # pictures
#: Any of these computes in a precision; another processor converts, or multiplies otherwise.
FAST = dict(fp32=(), fp16=('avx512_fp16', 'fphp'),
            bf16=('amx_bf16', 'avx512_bf16', 'bf16'),
            int8=('avx512_vnni', 'avx_vnni', 'amx_int8', 'i8mm'))


class Variant(NamedTuple):
    """A format (``'PyTorch'``, ``'mmdet'``, or one of ``FORMATS``) and a precision."""
    format: str
    precision: str

    def __str__(self) -> str:
        return f'{self.format} {self.precision}'

    @property
    def fast(self) -> bool:
        """Whether this processor computes in this precision."""
        return not FAST[self.precision] or not cpu_features().flags.isdisjoint(
            FAST[self.precision])


@dataclass(kw_only=True)
class Ready:
    """A variant that can be run.

    Attributes:
        run: From the picture to detections.
        bytes: Of the file, or of the weights in memory.
        words: How `fcos-mm test` names it; None where it cannot.
    """
    run: Callable[[], Answer]
    bytes: int
    words: list[str] | None = field(default=None)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How the model is exported and run.

    Attributes:
        subject: The model.
        folder: Where files go.
        mode: Of the files; None for the format's own default.
        dynamic: Whether files take any size.
        threads: Of every runtime.
        images: What to calibrate on; None for the subject's own.
    """
    subject: Subject
    folder: Path
    mode: str | None
    dynamic: bool
    threads: int
    images: list[str] | None = None

    def ready(self, variant: Variant) -> Ready:
        """Prepare a variant.

        Raises:
            UserError: If it cannot be made here.
        """
        if variant.format == MMDET:
            return self._in_pytorch(mmdet_twin(self.subject.model), None, None)
        if variant.format == PYTORCH:
            fp32 = variant.precision == 'fp32'
            option = ['--fast'] if fp32 else ['--precision', variant.precision]
            return self._in_pytorch(self.subject.model, None if fp32 else variant.precision,
                                    [*self.subject.words, *option])
        path = self._exported(variant)
        detector = runtime.Detector(path, score_thr=0, threads=self.threads)
        return Ready(run=lambda: answer_of(detector(self.subject.picture)), bytes=bytes_of(path),
                     words=[self.subject.words[0], str(path)])

    def _in_pytorch(self, model: TrainedModel, precision: str | None, words: list[str] | None
                    ) -> Ready:
        network = open_network(model, device='cpu', score_thr=0, precision=precision)
        pixels = self.subject.picture[..., ::-1].copy()  # BGR, as OpenCV reads files

        def run() -> Answer:
            found = next(network.detect([network.prepare(pixels)]))
            if isinstance(found, Exception):
                raise found
            return answer_of(found)

        return Ready(run=run, bytes=bytes_of_weights(network.inferencer.model), words=words)

    def _exported(self, variant: Variant) -> Path:
        """Write the file: what ``fcos-mm export`` does, without its comparison."""
        kind, cfg = FORMATS[variant.format], self.subject.model.cfg
        mode = self.mode or kind.default_mode
        kind.check(variant.format, mode, variant.precision)
        detector = build_inferencer(cfg, self.subject.model.checkpoint, 'cpu', fast=False).model
        names = tuple(detector.dataset_meta['classes'])
        ids = find_category_ids(cfg, names)
        network = ExportNetwork(detector, mode)
        shape = (0, 0, 0) if self.dynamic else (1, *padded_scale(preprocessing(cfg)))
        info = model_info(cfg, network, classes={name: ids[name] for name in names},
                          thresholds=(0.3, ) * len(names), threshold_note='0.3',
                          precision=variant.precision, shape=shape)
        path = self.folder / f'{variant.format}_{variant.precision}{kind.ending}'
        pictures = Pictures(self.images or self.subject.images, cfg)
        kind.write(network, path, info=info,
                   calibration=lambda: batches_of(pictures.some(_CALIBRATED_ON), info))
        return path


def variants(formats: list[str], precisions: list[str]) -> list[Variant]:
    """Those of some formats and precisions that exist, mmdet's and PyTorch's first."""
    found = [Variant(MMDET, 'fp32'), Variant(PYTORCH, 'fp32')]
    found += [Variant(PYTORCH, 'bf16')] * ('bf16' in precisions)
    return found + [Variant(name, precision) for name in formats for precision in precisions
                    if precision in FORMATS[name].precisions]
