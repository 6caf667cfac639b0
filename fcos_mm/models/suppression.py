"""Non-maximum suppression of each class of an image (paper, Sec. 3.1 "Inference")."""

from mmcv.ops import batched_nms
from mmcv.ops.nms import ext_module
from mmdet.utils import ConfigType
from torch import Tensor

#: From so many boxes on, mmcv's takes the classes one by one.
SPLIT_THRESHOLD = 10000


def suppress(boxes: Tensor, scores: Tensor, labels: Tensor,
             cfg: ConfigType) -> tuple[Tensor, Tensor]:
    """Find the boxes of an image that stay.

    Numerics are those of mmcv's ``batched_nms``. The usual setting, a type and
    a threshold, goes straight to mmcv's operator; all others go through its
    ``batched_nms``.

    Args:
        boxes: (N, 4), N at least 1.
        scores: (N,).
        labels: (N,).
        cfg: The ``nms`` of mmdet's ``test_cfg``.

    Returns:
        Their (K,) scores, which soft NMS changes, and (K,) indices, the best
        first.
    """
    if set(cfg) == {'type', 'iou_threshold'} and cfg['type'] == 'nms' and (
            len(boxes) < SPLIT_THRESHOLD):
        apart = labels.to(boxes) * (boxes.max() + 1)  # (N,) no two classes overlap
        keep = ext_module.nms(
            boxes + apart[:, None], scores, iou_threshold=float(cfg['iou_threshold']), offset=0)
        return scores[keep], keep
    best, keep = batched_nms(boxes, scores, labels, cfg)
    return best[:, -1], keep
