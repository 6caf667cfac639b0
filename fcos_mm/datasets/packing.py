"""``PackDetInputs``: mmdet's, with a faster channels-first conversion and a check for NaN boxes."""
import cv2
import numpy as np
import torch
from mmdet.datasets.transforms import PackDetInputs as MMDetPackDetInputs
from mmdet.structures import DetDataSample

from fcos_mm.datasets.transforms import SampleError
from fcos_mm.datasets.unreadable import UNREADABLE, mark
from fcos_mm.registry import TRANSFORMS


class BoxError(SampleError):
    """A box is not four finite numbers."""


@TRANSFORMS.register_module()
class PackDetInputs(MMDetPackDetInputs):
    """mmdet's packing; the same result in less time.

    Configs under ``default_scope='fcos_mm'`` get it by the plain name
    ``PackDetInputs``. The image stays uint8: it is the model's
    ``data_preprocessor`` that normalises it, on the device.
    """

    def transform(self, results: dict) -> dict:
        """Pack ``img`` (H, W, C) as ``inputs`` (C, H, W), the rest as ``data_samples``.

        Raises:
            BoxError: If a box holds NaN or infinity: no location would lie in
                it, so that it would be learned as background.
        """
        image = results.get('img')
        if image is None or image.ndim != 3 or image.dtype not in (np.uint8, np.float32):
            packed = super().transform(results)
        else:
            packed = super().transform({key: results[key] for key in results if key != 'img'})
            packed = dict(inputs=torch.from_numpy(channels_first(image)), **packed)
        if UNREADABLE in results:  # noted before packing
            mark(packed, results[UNREADABLE])
        _check_boxes(packed['data_samples'], results.get('img_path', 'an image'))
        return packed


def _check_boxes(sample: DetDataSample, path: str) -> None:
    for name in ('gt_instances', 'ignored_instances'):
        boxes = getattr(sample.get(name), 'bboxes', None)
        if boxes is None:
            continue
        boxes = getattr(boxes, 'tensor', boxes)  # (G, 4)
        finite = torch.isfinite(boxes).all(-1)
        if not finite.all():
            raise BoxError(f'{path}: a box is {boxes[~finite][0].tolist()} after the pipeline. '
                           'Correct its annotation or the transform that produced it.')


def channels_first(image: np.ndarray) -> np.ndarray:
    """Convert an image from (H, W, C) to contiguous (C, H, W).

    A flipped image is a view that runs backwards, which is slow to read: it
    is read forwards and its channels are flipped.

    Args:
        image: (H, W, C) of uint8 or float32.
    """
    upside_down, mirrored = (stride < 0 for stride in image.strides[:2])
    forwards = image[::-1 if upside_down else 1, ::-1 if mirrored else 1]
    planes = np.empty((image.shape[2], *image.shape[:2]), image.dtype)
    cv2.split(forwards, list(planes))
    if not (upside_down or mirrored):
        return planes
    flipped = np.empty_like(planes)
    code = -1 if upside_down and mirrored else int(mirrored)
    for plane, target in zip(planes, flipped):
        cv2.flip(plane, code, target)
    return flipped
