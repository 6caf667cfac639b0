"""The detections of a split, as a test gives them and as a file keeps them."""
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fcos_mm.atomic_file import replaced
from fcos_mm.errors import UserError
from fcos_mm.report.results import Found, Image

_ARRAYS = ('boxes', 'scores', 'labels', 'images', 'class_scores')


class Predictions(NamedTuple):
    """What a detector found.

    Attributes:
        images: All that were looked at.
        found: The detections, image after image.
        seconds: Of an image, measured; None if they were not.
    """

    images: Sequence[Image]
    found: Found
    seconds: float | None = None


def collect(samples: Sequence[Mapping[str, Any]], order: Mapping[Any, int],
            seconds: float | None = None) -> Predictions:
    """Collect the samples of a test, or what ``test --out`` wrote.

    Args:
        samples: Per image ``img_id``, ``img_path``, ``ori_shape`` (height, width) and
            ``pred_instances``: ``bboxes`` (n, 4) as (x0, y0, x1, y1) in pixels of the original
            image, ``scores`` (n,), ``labels`` (n,), and perhaps ``class_scores`` (n,).
        order: The place of each image's id in the annotation file.
        seconds: Of an image.

    Raises:
        UserError: If an image is not in the annotation file.
    """
    lost = next((sample for sample in samples if sample.get('img_id') not in order), None)
    if lost is not None:
        raise UserError(f'{lost["img_path"]}: the predictions are of other images than the '
                        'annotation file.\nGive those of this split: --split val or --split test.')
    samples = sorted(samples, key=lambda sample: order[sample['img_id']])
    found = [sample['pred_instances'] for sample in samples]
    counts = [len(one['scores']) for one in found]
    rated = bool(found) and all('class_scores' in one for one in found)
    return Predictions(
        [Image(sample['img_id'], str(Path(sample['img_path']).resolve()),
               *map(int, sample['ori_shape'][1::-1])) for sample in samples],
        Found(boxes=_joined(found, 'bboxes', np.float64).reshape(-1, 4),
              scores=_joined(found, 'scores', np.float64),
              labels=_joined(found, 'labels', np.int64),
              images=np.repeat(np.arange(len(samples)), counts),
              class_scores=_joined(found, 'class_scores', np.float64) if rated else None),
        seconds)


def save(predictions: Predictions, made_by: Mapping[str, Any], path: Path) -> None:
    """Write predictions to a file, with what they depend on.

    Raises:
        UserError: If the file cannot be written.
    """
    about = dict(made_by=made_by, images=predictions.images, seconds=predictions.seconds)
    arrays = {name: value for name in _ARRAYS
              if (value := getattr(predictions.found, name)) is not None}
    with replaced(path) as unfinished, open(unfinished, 'wb') as file:
        np.savez_compressed(file, about=np.array(json.dumps(about)), **arrays)


def load(path: Path, made_by: Mapping[str, Any]) -> Predictions | None:
    """Read what :func:`save` wrote; None unless it is there, whole, and made by the same."""
    found = read(path)
    if found is None or found[1] != json.loads(json.dumps(made_by)):
        return None
    return found[0]


def read(path: Path) -> tuple[Predictions, dict] | None:
    """Read what :func:`save` wrote, and what it depends on; None unless it is there and whole."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file['about']))
            arrays = {name: file[name] for name in _ARRAYS if name in file}
        return Predictions([Image(*image) for image in about['images']], Found(**arrays),
                           about['seconds']), about['made_by']
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, EOFError):
        return None


def _joined(found: Sequence[Mapping], name: str, kind: type) -> np.ndarray:
    parts = [np.asarray(one[name], dtype=kind) for one in found]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=kind)
