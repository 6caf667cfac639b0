"""What the size of the input does to recall and ambiguity, and which size is advised."""
import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.config import Config

from fcos_mm.analysis.annotations import Annotations, read_boxes
from fcos_mm.analysis.assignment_stats import count_image, each_image, totals
from fcos_mm.analysis.heads import build_samples
from fcos_mm.analysis.input_size import Size, input_size
from fcos_mm.config import load_config
from fcos_mm.recipes.boxes import boxes_of
from fcos_mm.recipes.config_file import BASE
from fcos_mm.recipes.levels import Fit, fit_levels
from fcos_mm.recipes.machine import Machine, this_machine
from fcos_mm.recipes.recipe import assigner_options
from fcos_mm.recipes.size import WANTED, fit_size, sizes_of

#: Percentage points of best possible recall that a larger input has to gain to be worth it.
TOLERANCE = 0.2
_MOST_SIZES = 9
_LARGEST = 2048  # pixels of a longer side; what is larger is better cut into tiles
_MOST_IMAGES = 250  # whose locations are counted at each size


def size_curve(ann_file: str, classes: Sequence[str] | None = None, *,
               machine: Machine | None = None, seed: int = 0) -> dict[str, Any]:
    """Count boxes without a location and ambiguous samples at several sizes of the input.

    At each size the levels, from the same first one, and the regress ranges are those that fit
    best, as in ``train --data``.

    Args:
        ann_file: COCO-format annotation file.
        classes: Those that count; None for all.
        machine: That will train; None for this one.
        seed: Of the images that are looked at, where there are many.

    Returns:
        ``images`` and ``images_with_boxes`` (looked at, and of the file), ``boxes`` (looked at),
        ``native`` (longer and shorter side of the median image), ``machine``, ``radius`` (of
        center sampling, in strides), ``wanted`` (locations that a box is to have), ``sizes`` (a
        dict each, see :func:`_at`), ``advised`` and ``flat`` (places in ``sizes``: the size that
        ``train --data`` chooses, and the smallest whose best possible recall is within
        ``tolerance`` of the best), ``reason`` (of the advised size) and ``tolerance`` (percentage
        points). All of it can be written as JSON.

    Raises:
        UserError: If the annotations cannot be used.
    """
    base, machine = load_config(BASE), machine or this_machine()
    assigner = assigner_options(base)
    boxes = boxes_of(ann_file, classes, seed)
    advised = fit_size(boxes, machine, assigner)
    possible = list(sizes_of(boxes))
    chosen = sorted({advised.size, *_spread([size for size in possible if size[0] <= _LARGEST])})
    annotations = read_boxes(ann_file, classes)
    part = _part(annotations, seed)
    options = dict(assigner=assigner, wanted=WANTED[machine.device], first=advised.fit.levels[0])
    rows = [_at(size, fit_levels(boxes.at(size), boxes.weight, max(size), **options), base, part,
                advised.size) for size in chosen]
    return dict(
        **_looked_at(part, annotations), native=list(possible[-1]), machine=machine.name,
        radius=assigner['center_sampling_radius'], wanted=options['wanted'], sizes=rows,
        advised=chosen.index(advised.size), reason=advised.reason, flat=_flat(rows),
        tolerance=TOLERANCE)


def _looked_at(part: Annotations, annotations: Annotations) -> dict[str, int]:
    return dict(images=len(part.images),
                images_with_boxes=sum(len(image.boxes) > 0 for image in annotations.images),
                boxes=sum(len(image.boxes) for image in part.images))


def _flat(rows: Sequence[dict[str, Any]]) -> int:
    """The place of the smallest size whose best possible recall is near the best."""
    recall = np.array([row['sampled']['bpr'] for row in rows])
    return int(np.argmax(recall >= recall.max() - TOLERANCE))


def _spread(sizes: Sequence[Size]) -> list[Size]:
    """Some of the sizes, the smallest and the largest among them, by about the same factor."""
    sides = np.array([longer for longer, _ in sizes])
    wanted = np.geomspace(sides[0], sides[-1], _MOST_SIZES)
    return [sizes[np.abs(sides - side).argmin()] for side in wanted]


def _part(annotations: Annotations, seed: int) -> Annotations:
    """The images with boxes; of many a random part."""
    images = [image for image in annotations.images if len(image.boxes)]
    if len(images) > _MOST_IMAGES:
        kept = np.random.default_rng(seed).choice(len(images), _MOST_IMAGES, replace=False)
        images = [images[index] for index in sorted(kept)]
    return annotations._replace(images=images)


def _at(size: Size, fit: Fit, base: Config, annotations: Annotations, advised: Size
        ) -> dict[str, Any]:
    """A row of the curve.

    ``size``, ``cost`` (area in terms of the advised size's), ``levels``, ``strides``, ``ranges``,
    ``roomy`` (percent of the boxes with as many locations as wanted, every class weighing the
    same), and for assignments with center sampling (``sampled``) and without (``plain``): ``bpr``,
    ``missed`` and ``ambiguous``, in percent.
    """
    return dict(
        size=list(size), cost=size[0] * size[1] / (advised[0] * advised[1]), levels=fit.name,
        strides=list(fit.strides), ranges=[list(bounds) for bounds in fit.ranges],
        roomy=100 * fit.roomy, sampled=_shares(size, fit, base, annotations, {}),
        plain=_shares(size, fit, base, annotations, dict(center_sampling_radius=None)))


def _shares(size: Size, fit: Fit, base: Config, annotations: Annotations, assigner: dict
            ) -> dict[str, float]:
    cfg = copy.deepcopy(base)
    cfg.model.bbox_head.strides = fit.strides
    cfg.model.bbox_head.assigner.update(regress_ranges=fit.ranges, **assigner)
    samples = build_samples(cfg)
    counted = totals([count_image(samples.assign(image), image) for _, image in each_image(
        annotations, input_size(base, size), progress=False)])
    return dict(bpr=counted['bpr'], missed=100 - counted['bpr'], ambiguous=counted['ambiguous'])
