"""Best possible recall and ambiguous samples of a config on annotations (paper, Tables 1 and 2)."""
import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.utils import ProgressBar

from fcos_mm.analysis.anchor_samples import LOW_QUALITY_MATCHES, AnchorSamples
from fcos_mm.analysis.annotations import Annotations, ImageBoxes, read_boxes
from fcos_mm.analysis.heads import Samples, build_samples, class_names
from fcos_mm.analysis.input_size import InputBoxes, InputSize, Size, input_size
from fcos_mm.analysis.samples import Assigned
from fcos_mm.errors import UserError

_PROGRESS_STEPS = 100


class ImageCounts(NamedTuple):
    """The counts of an image."""
    positives: np.ndarray  # (L,) positive samples
    boxes: np.ndarray  # (L,) boxes with a positive sample, some on several levels
    recalled: np.ndarray  # (G,) whether the box has a positive sample
    ambiguous: int  # samples that several boxes claim
    other_class: int  # those that boxes of several categories claim


def assignment_statistics(cfg: Config, ann_file: str, *, scale: Size | None = None,
                          as_published: bool = False, progress: bool = True) -> dict:
    """Find which boxes the locations or anchors of a config can detect, from annotations alone.

    Args:
        cfg: The config of an FCOS or an anchor-based detector with ``MaxIoUAssigner``.
        ann_file: COCO-format annotation file.
        scale: The (longer, shorter) side of the input in pixels; None for the config's.
        as_published: Whether to resize and count like the code behind the paper's tables, see
            :func:`~fcos_mm.analysis.heads.build_samples`.
        progress: Whether to show progress on stderr.

    Returns:
        ``num_images``, ``num_gt`` (boxes that count), ``num_recalled``, ``bpr`` (best possible
        recall, percent), ``num_positive``, ``ambiguous`` and ``ambiguous_other_class`` (percent
        of the positive samples), ``levels`` (one dict per level: ``stride``, ``regress_range``,
        ``positives``, ``boxes``), ``unanswered`` (one dict per box without a positive sample),
        ``left_out`` (boxes that do not count, by reason), ``reasons`` (what the short names
        mean), ``warnings``, ``sample`` (``'location'`` or ``'anchor'``), ``input`` and
        ``ann_file``. Everything is JSON-serialisable.

    Raises:
        UserError: If the config or the annotations cannot be used.
    """
    samples = build_samples(cfg, as_published=as_published)
    size = input_size(cfg, scale)._replace(round_down=as_published)
    annotations = read_boxes(ann_file, class_names(cfg))
    counts, unanswered = [], []
    for image, boxes in each_image(annotations, size, progress):
        assigned = samples.assign(boxes)
        counts.append(count_image(assigned, boxes))
        if not counts[-1].recalled.all():
            reasons = samples.why(boxes, assigned)
            unanswered += _unanswered(image, boxes, counts[-1].recalled, reasons)
    return dict(
        ann_file=ann_file, sample=samples.kind, input=size._asdict(),
        num_images=len(annotations.images), left_out=annotations.left_out,
        warnings=annotations.warnings, **totals(counts), levels=_levels(samples, counts),
        reasons=samples.reasons, unanswered=unanswered)


def anchor_recall(cfg: Config, ann_file: str, *, scale: Size | None = None,
                  as_published: bool = False, progress: bool = True) -> dict[str, float]:
    """Best possible recall of anchors under the three rules of low-quality matches (Table 1).

    A low-quality match assigns a box its best anchor even if their IoU is below the threshold.
    The rules allow it for no box, for boxes whose best IoU is at least 0.4, or for all boxes.
    The arguments are those of :func:`assignment_statistics`.

    Returns:
        Percent of the boxes, for the rules ``'none'``, ``'>= 0.4'``, ``'all'``.

    Raises:
        UserError: If the config has no anchors, or it or the annotations cannot be used.
    """
    samples = build_samples(cfg, as_published=as_published)
    size = input_size(cfg, scale)._replace(round_down=as_published)
    if not isinstance(samples, AnchorSamples):
        raise UserError('The config has no anchors.\nGive that of an anchor-based detector, e.g. '
                        'configs/retinanet/retinanet_r50-caffe_fpn_1x_coco.py.')
    rules = {name: samples.with_rule(name) for name in LOW_QUALITY_MATCHES}
    recalled, boxes = dict.fromkeys(rules, 0), 0
    for _, image in each_image(read_boxes(ann_file, class_names(cfg)), size, progress):
        overlaps = samples.overlaps(image).values
        boxes += len(overlaps)
        for name, assigner in rules.items():
            found = assigner.assign_wrt_overlaps(overlaps, image.categories).gt_inds
            recalled[name] += len(np.unique(found[found > 0]))
    return {name: percent(number, boxes) for name, number in recalled.items()}


def each_image(annotations: Annotations, size: InputSize,
                progress: bool) -> Iterator[tuple[ImageBoxes, InputBoxes]]:
    """Yield the images that have boxes, on one thread: tensors are too small for more to help."""
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


def count_image(assigned: Assigned, boxes: InputBoxes) -> ImageCounts:
    """Count the samples of an image, and the boxes that have some."""
    ends, number = np.cumsum(assigned.counts), len(boxes.boxes)
    level = np.searchsorted(ends, assigned.positive, side='right')  # (K,)
    pairs = np.unique(level * number + assigned.answered)  # each level and box once
    return ImageCounts(
        np.bincount(level, minlength=len(ends)), np.bincount(pairs // number, minlength=len(ends)),
        np.isin(np.arange(number), assigned.answered),
        *_ambiguous(assigned, boxes.categories.numpy()))


def _ambiguous(assigned: Assigned, categories: np.ndarray) -> tuple[int, int]:
    """Count the samples of several boxes, and of boxes of several categories."""
    if not len(assigned.claimed):
        return 0, 0
    order = np.argsort(assigned.claimed, kind='stable')
    category = categories[assigned.claimant[order]]  # (M,) those of a sample side by side
    _, start, claims = np.unique(assigned.claimed[order], return_index=True, return_counts=True)
    several = np.minimum.reduceat(category, start) != np.maximum.reduceat(category, start)
    return int((claims > 1).sum()), int(several.sum())


def totals(counts: list[ImageCounts]) -> dict:
    """The counts of all images together, and the shares in percent."""
    num_gt = sum(len(c.recalled) for c in counts)
    num_recalled = sum(int(c.recalled.sum()) for c in counts)
    num_positive = sum(int(c.positives.sum()) for c in counts)
    return dict(
        num_gt=num_gt, num_recalled=num_recalled, bpr=percent(num_recalled, num_gt),
        num_positive=num_positive,
        ambiguous=percent(sum(c.ambiguous for c in counts), num_positive),
        ambiguous_other_class=percent(sum(c.other_class for c in counts), num_positive))


def percent(part: int, whole: int) -> float:
    """100 * part / whole, 0 if the whole is 0."""
    return 100 * part / whole if whole else 0.0


def _levels(samples: Samples, counts: list[ImageCounts]) -> list[dict]:
    positives = sum(c.positives for c in counts).tolist()
    boxes = sum(c.boxes for c in counts).tolist()
    ranges = [level.regress_range and [bound if np.isfinite(bound) else None  # as JSON has no inf
                                       for bound in level.regress_range]
              for level in samples.levels]
    return [dict(stride=level.stride, regress_range=bounds, positives=p, boxes=b)
            for level, bounds, p, b in zip(samples.levels, ranges, positives, boxes)]


def _unanswered(image: ImageBoxes, boxes: InputBoxes, recalled: np.ndarray,
                reasons: list[str]) -> list[dict]:
    sizes, input_sizes = (
        [[round(side, 2) for side in sides] for sides in (b[:, 2:] - b[:, :2]).tolist()]
        for b in (image.boxes, boxes.boxes))
    return [dict(annotation_id=image.ids[index], image_id=image.image_id, size=sizes[index],
                 input_size=input_sizes[index], reason=reasons[index])
            for index in np.flatnonzero(~recalled)]
