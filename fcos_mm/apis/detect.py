"""Detecting objects in images: what ``tools/detect.py`` does."""
import argparse
import os
import os.path as osp
import sys
import time
import traceback
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
from mmdet.apis import DetInferencer
from mmdet.structures import DetDataSample
from mmengine.logging import print_log

from fcos_mm.apis.console import library_output_to_log, start_log
from fcos_mm.apis.detections_file import DetectionsFile, OutputError
from fcos_mm.apis.image_files import Found, count_pages, describe, find_images, read_image
from fcos_mm.apis.inferencer import build_inferencer, find_category_ids
from fcos_mm.apis.named_inputs import check_device, check_order, check_score_threshold
from fcos_mm.checkpoints.fit import read_state_dict
from fcos_mm.checkpoints.safe_loading import trust_checkpoints
from fcos_mm.config import load_config
from fcos_mm.datasets.transforms import ImageError
from fcos_mm.errors import UserError

INTERRUPTED = 130  # the exit status after Ctrl-C, as of a shell
_SHOWN = 20  # failures on the screen; the log has all
_HOPELESS = 10  # so many images that fail, and none before that did not


def run(args: argparse.Namespace) -> int:
    """Detect objects in an image or in the images of a folder.

    Writes the drawn images to ``<out-dir>/vis``, all detections to
    ``<out-dir>/detections.json``, which is valid after every image, and what
    the screen does not show to ``<out-dir>/detect.log``.

    Returns:
        1 if some images failed, 130 after Ctrl-C, else 0.

    Raises:
        UserError: If input, config or checkpoint cannot be used, or results
            cannot be written.
    """
    check_order(input=args.input, config=args.config, checkpoint=args.checkpoint)
    check_score_threshold(args.score_thr)
    check_device(args.device)
    trust_checkpoints(args.trust_checkpoint)
    found = find_images(args.input, leave_out=args.out_dir)
    cfg = load_config(args.config, args.cfg_options)
    read_state_dict(args.checkpoint)
    _prepare_output(args.out_dir)
    with library_output_to_log():
        inferencer = build_inferencer(cfg, args.checkpoint, args.device)
    category_ids = find_category_ids(inferencer.cfg, inferencer.model.dataset_meta['classes'])
    with DetectionsFile(osp.join(args.out_dir, 'detections.json')) as file:
        detection = Detection(inferencer=inferencer, category_ids=category_ids, file=file,
                              out_dir=args.out_dir, score_thr=args.score_thr)
        try:
            detection.detect_all(found)
        except KeyboardInterrupt:
            print('\nstopped by Ctrl-C; the detections so far are kept')
            detection.summarize(found)
            return INTERRUPTED
        except OutputError:
            detection.summarize(found)
            raise
    detection.summarize(found)
    return 1 if detection.failures else 0


@dataclass(kw_only=True)
class Detection:
    """Detects in one image after the other; an image that fails does not stop the others.

    Attributes:
        category_ids: Names of the classes, in the model's order, and ids.
        failures: Images that failed, and why.
        done: How many images did not fail.
    """
    inferencer: DetInferencer
    category_ids: dict[str, int]
    file: DetectionsFile
    out_dir: str
    score_thr: float
    failures: list[tuple[str, str]] = field(default_factory=list)
    done: int = 0

    def detect_all(self, found: Found) -> None:
        """Detect in all images; print after each what was found and the time left.

        Raises:
            OutputError: If results cannot be written.
            Exception: What the first images raised, if all of them failed and
                not because they cannot be read.
        """
        start, total = time.monotonic(), len(found.images)
        for number, image in enumerate(found.images, start=1):
            try:
                outcome = f'{self._detect(image, found.name(image))} detections'
            except OutputError:
                raise
            except Exception as error:
                outcome = self._note_failure(image, error)
                if not self.done and number >= _HOPELESS and not isinstance(error, UserError):
                    raise
            seconds = (time.monotonic() - start) / number * (total - number)
            left = timedelta(seconds=round(seconds))
            print(f'[{number}/{total}, {left} left] ' * (total > 1)
                  + f'{printable(image)}: {outcome}')

    def summarize(self, found: Found) -> None:
        """Print what was done, and list what failed."""
        print(f'{self.file.count} detections in {self.done} images, written to {self.out_dir}')
        if found.others:
            most = found.others.most_common(_SHOWN)
            kinds = ', '.join(f'{number} {ending}' for ending, number in most)
            print(f'left out, as they do not end like images: {kinds}')
        for image, reason in self.failures[:_SHOWN]:
            print(f'error: {printable(image)} {reason} and was skipped')
        if len(self.failures) > _SHOWN:
            print(f'error: {len(self.failures) - _SHOWN} more images were skipped, see '
                  f'{osp.join(self.out_dir, "detect.log")}')

    def _detect(self, image: str, name: str) -> int:
        """Detect in one image, write and draw the detections, and return their number."""
        with library_output_to_log():
            pixels = read_image(image)
            sample = self.inferencer(image, return_datasamples=True)['predictions'][0]
            sample = above_threshold(sample, self.score_thr)
            self.file.add(to_rows(sample, name, self.category_ids))
            self._draw(pixels, sample, name)
        pages = count_pages(image)
        if pages > 1:
            print(f'warning: {printable(image)} has {pages} pages, of which the first was taken')
        self.done += 1
        return len(sample.pred_instances)

    def _draw(self, pixels: np.ndarray, sample: DetDataSample, name: str) -> None:
        path = osp.join(self.out_dir, 'vis', *name.split('/'))
        try:
            self.inferencer.visualizer.add_datasample(
                name, pixels, sample, draw_gt=False, pred_score_thr=-1, out_file=path)
        except OSError as error:
            raise OutputError(path, error, f'The {self.file.count} detections so far are kept.'
                              ) from error

    def _note_failure(self, image: str, error: Exception) -> str:
        """Note that an image failed, with the traceback in the log; returns the reason."""
        first, *_ = (str(error).strip() or 'no message').splitlines()
        kind = '' if isinstance(error, UserError) else f'{type(error).__name__}: '
        reason = (f'cannot be read as an image{describe(image)}' if isinstance(error, ImageError)
                  else f'failed ({kind}{first})')
        self.failures.append((image, reason))
        print_log(f'{printable(image)}:\n{"".join(traceback.format_exception(error))}',
                  logger='current')
        return reason


def above_threshold(sample: DetDataSample, score_thr: float) -> DetDataSample:
    """Keep the ``pred_instances`` of a sample whose score reaches the threshold."""
    sample.pred_instances = sample.pred_instances[sample.pred_instances.scores >= score_thr]
    return sample


def to_rows(sample: DetDataSample, name: str, category_ids: dict[str, int]) -> list[dict]:
    """Convert detections to COCO's result format, with the image's name instead of its id.

    Args:
        sample: With ``pred_instances``: ``bboxes`` (n, 4) as x0, y0, x1, y1 in
            pixels of the image, ``scores`` and ``labels``.
        name: The name of the image.
        category_ids: Names of the classes, in the model's order, and ids.
    """
    names, found, rows = list(category_ids), sample.pred_instances.cpu(), []
    for label, score, (x0, y0, x1, y1) in zip(
            found.labels.tolist(), found.scores.tolist(), found.bboxes.tolist()):
        rows.append(dict(
            file_name=name,
            category_id=category_ids[names[label]],
            category_name=names[label],
            bbox=[round(value, 2) for value in (x0, y0, x1 - x0, y1 - y0)],
            score=round(score, 5)))
    return rows


def printable(path: str) -> str:
    """A path that can be printed: bytes that are not UTF-8 become question marks."""
    return os.fsencode(path).decode('utf-8', 'replace')


def _prepare_output(out_dir: str) -> None:
    """Make the folder of the results and its log."""
    if hasattr(sys.stdout, 'reconfigure'):
        sys.stdout.reconfigure(errors='backslashreplace')  # names of files in any script
    try:
        os.makedirs(osp.join(out_dir, 'vis'), exist_ok=True)
        start_log(osp.join(out_dir, 'detect.log'))
    except OSError as error:
        raise UserError(f'--out-dir {out_dir} cannot be written to: {error.strerror}.\n'
                        'Name a folder that you can write to.') from error
