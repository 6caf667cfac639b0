"""Best possible recall and ambiguous samples of a config on annotations (paper, Tables 1 and 2)."""
import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.utils import ProgressBar

from fcos_mm.analysis.annotations import Annotations, ImageBoxes, read_boxes
from fcos_mm.analysis.heads import build_samples, class_names
from fcos_mm.analysis.input_size import InputBoxes, InputSize, Size, input_size
from fcos_mm.analysis.samples import Assigned, Samples

_PROGRESS_STEPS = 100


class ImageCounts(NamedTuple):
    """What is counted in an image.

    Attributes:
        positives: (L,) samples that answer for a box.
        boxes: (L,) boxes that a sample of the level answers for; a box may be
            answered for on several levels.
        recalled: (G,) whether any sample answers for the box.
        ambiguous: Samples that several boxes claim.
        other_class: Of these, samples claimed by boxes of several categories.
    """
    positives: np.ndarray
    boxes: np.ndarray
    recalled: np.ndarray
    ambiguous: int
    other_class: int


def assignment_statistics(cfg: Config, ann_file: str, *, scale: Size | None = None,
                          as_published: bool = False, progress: bool = True) -> dict:
    """Say which boxes the samples of a config can answer for, on annotations alone.

    Args:
        cfg: The config, of an FCOS or an anchor-based detector with
            ``MaxIoUAssigner``.
        ann_file: COCO-format annotation file.
        scale: The (longer, shorter) side of the input; None for the config's.
        as_published: Whether to resize and count as the codes behind the
            paper's figures do, see :mod:`fcos_mm.analysis.published`.
        progress: Whether to show progress on the error stream.

    Returns:
        ``num_images``, ``num_gt`` (boxes that count), ``num_recalled``,
        ``bpr`` (best possible recall, percent), ``num_positive``,
        ``ambiguous`` and ``ambiguous_other_class`` (percent of the positive
        samples), ``levels`` (a dict each: ``stride``, ``regress_range``,
        ``positives``, ``boxes``), ``unanswered`` (a dict for each box that no
        sample answers for), ``left_out`` (boxes that do not count, by the
        reason), ``reasons`` (what the short names of the reasons mean),
        ``warnings``, ``sample`` (``'location'`` or ``'anchor'``), ``input``
        and ``ann_file``. Everything can be written as JSON.

    Raises:
        UserError: If the config or the annotations cannot be used.
    """
    samples = build_samples(cfg, as_published=as_published)
    size = input_size(cfg, scale)._replace(round_down=as_published)
    annotations = read_boxes(ann_file, class_names(cfg))
    counts, unanswered = [], []
    for image, boxes in each_image(annotations, size, progress):
        assigned = samples.assign(boxes)
        counts.append(count(assigned, boxes))
        if not counts[-1].recalled.all():
            reasons = samples.why(boxes, assigned)
            unanswered += _unanswered(image, boxes, counts[-1].recalled, reasons)
    return dict(
        ann_file=ann_file,
        sample=samples.kind,
        input=size._asdict(),
        num_images=len(annotations.images),
        left_out=annotations.left_out,
        warnings=annotations.warnings,
        **_totals(counts),
        levels=_levels(samples, counts),
        reasons=samples.reasons,
        unanswered=unanswered)


def each_image(annotations: Annotations, size: InputSize,
               progress: bool) -> Iterator[tuple[ImageBoxes, InputBoxes]]:
    """Go through the images that have boxes, meanwhile with one thread.

    Their tensors are so small that threads of PyTorch would only wait for each
    other.

    Args:
        annotations: The annotations.
        size: How images are resized.
        progress: Whether to show progress on the error stream.
    """
    images = [image for image in annotations.images if len(image.boxes)]
    step = -(-len(images) // _PROGRESS_STEPS)
    bar = ProgressBar(-(-len(images) // step), file=sys.stderr) if progress else None
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for index, image in enumerate(images, start=1):
            yield image, size(image)
            if bar and (index % step == 0 or index == len(images)):
                bar.update()
    finally:
        torch.set_num_threads(threads)
    if bar:
        print(file=sys.stderr)


def count(assigned: Assigned, boxes: InputBoxes) -> ImageCounts:
    """Count the samples and boxes of an image.

    Args:
        assigned: Who claims and gets which sample.
        boxes: The boxes of the image.
    """
    ends, number = np.cumsum(assigned.counts), len(boxes.boxes)
    level = np.searchsorted(ends, assigned.positive, side='right')  # (K,)
    pairs = np.unique(level * number + assigned.answered)  # each level and box once
    ambiguous, other_class = _ambiguous(assigned, boxes.categories.numpy())
    return ImageCounts(
        positives=np.bincount(level, minlength=len(ends)),
        boxes=np.bincount(pairs // number, minlength=len(ends)),
        recalled=np.isin(np.arange(number), assigned.answered),
        ambiguous=ambiguous,
        other_class=other_class)


def _ambiguous(assigned: Assigned, categories: np.ndarray) -> tuple[int, int]:
    """Count the samples of several boxes, and of boxes of several categories."""
    if not len(assigned.claimed):
        return 0, 0
    order = np.argsort(assigned.claimed, kind='stable')
    category = categories[assigned.claimant[order]]  # (M,) those of a sample side by side
    _, start, claims = np.unique(assigned.claimed[order], return_index=True, return_counts=True)
    several = np.minimum.reduceat(category, start) != np.maximum.reduceat(category, start)
    return int((claims > 1).sum()), int(several.sum())


def _totals(counts: list[ImageCounts]) -> dict:
    num_gt = sum(len(c.recalled) for c in counts)
    num_recalled = sum(int(c.recalled.sum()) for c in counts)
    num_positive = sum(int(c.positives.sum()) for c in counts)
    return dict(
        num_gt=num_gt,
        num_recalled=num_recalled,
        bpr=percent(num_recalled, num_gt),
        num_positive=num_positive,
        ambiguous=percent(sum(c.ambiguous for c in counts), num_positive),
        ambiguous_other_class=percent(sum(c.other_class for c in counts), num_positive))


def percent(part: int, whole: int) -> float:
    """Return part of whole in percent, 0 of nothing.

    Args:
        part: The part.
        whole: The whole.
    """
    return 100 * part / whole if whole else 0.0


def _levels(samples: Samples, counts: list[ImageCounts]) -> list[dict]:
    positives = sum(c.positives for c in counts).tolist()
    boxes = sum(c.boxes for c in counts).tolist()
    return [
        dict(stride=level.stride, regress_range=_finite(level.regress_range), positives=p, boxes=b)
        for level, p, b in zip(samples.levels, positives, boxes)
    ]


def _finite(regress_range: tuple[float, float] | None) -> list | None:
    """Return the bounds with None for infinity, which JSON does not know."""
    if regress_range is None:
        return None
    return [bound if np.isfinite(bound) else None for bound in regress_range]


def _unanswered(image: ImageBoxes, boxes: InputBoxes, recalled: np.ndarray,
                reasons: list[str]) -> list[dict]:
    sides = [[_rounded(side) for side in (b[:, 2:] - b[:, :2]).tolist()]
             for b in (image.boxes, boxes.boxes)]
    return [
        dict(annotation_id=image.ids[index], image_id=image.image_id, size=sides[0][index],
             input_size=sides[1][index], reason=reasons[index])
        for index in np.flatnonzero(~recalled)
    ]


def _rounded(sides: list[float]) -> list[float]:
    """Width and height, to a hundredth of a pixel."""
    return [round(side, 2) for side in sides]
