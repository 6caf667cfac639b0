"""Best possible recall of anchors under the paper's three rules (paper, Table 1)."""

import numpy as np
from mmengine.config import Config

from fcos_mm.analysis.anchor_samples import LOW_QUALITY_MATCHES, AnchorSamples
from fcos_mm.analysis.annotations import read_boxes
from fcos_mm.analysis.assignment_stats import each_image, percent
from fcos_mm.analysis.heads import build_samples, class_names
from fcos_mm.analysis.input_size import Size, input_size
from fcos_mm.errors import UserError


def anchor_recall(cfg: Config, ann_file: str, *, scale: Size | None = None,
                  as_published: bool = False, progress: bool = True) -> dict[str, float]:
    """Return the best possible recall for each rule of low-quality matches.

    A low-quality match gives a box its best anchor though their IoU is below
    the threshold: for no box, for those whose best IoU is at least 0.4, for all.

    Args:
        cfg: The config of an anchor-based detector with ``MaxIoUAssigner``.
        ann_file: COCO-format annotation file.
        scale: The (longer, shorter) side of the input; None for the config's.
        as_published: Whether to resize and count as the codes behind the
            paper's figures do, see :mod:`fcos_mm.analysis.published`.
        progress: Whether to show progress on the error stream.

    Returns:
        Percent of the boxes, by the rules ``'none'``, ``'>= 0.4'``, ``'all'``.

    Raises:
        UserError: If the config has no anchors or something cannot be used.
    """
    samples = build_samples(cfg, as_published=as_published)
    size = input_size(cfg, scale)._replace(round_down=as_published)
    if not isinstance(samples, AnchorSamples):
        raise UserError('The config has no anchors.\nGive that of an anchor-based detector, e.g. '
                        'configs/retinanet/retinanet_r50-caffe_fpn_1x_coco.py.')
    annotations = read_boxes(ann_file, class_names(cfg))
    rules = {name: samples.with_rule(name) for name in LOW_QUALITY_MATCHES}
    recalled, boxes = dict.fromkeys(rules, 0), 0
    for _, image in each_image(annotations, size, progress):
        overlaps = samples.overlaps(image).values
        boxes += len(overlaps)
        for name, assigner in rules.items():
            found = assigner.assign_wrt_overlaps(overlaps, image.categories).gt_inds
            recalled[name] += len(np.unique(found[found > 0]))
    return {name: percent(number, boxes) for name, number in recalled.items()}
