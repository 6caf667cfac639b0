"""``Resize``: mmdet's, which can also compute size and pixels as other implementations do."""
import mmcv
import numpy as np
import torch
from mmdet.datasets.transforms import Resize as MMDetResize
from torch.nn.functional import interpolate

from fcos_mm.errors import check_choice
from fcos_mm.registry import TRANSFORMS
from fcos_mm.runtime.rounding import ROUNDINGS


@TRANSFORMS.register_module()
class Resize(MMDetResize):
    """mmdet's ``Resize`` with the rounding of other implementations.

    With ``keep_ratio`` both sides are multiplied by one factor and rounded. Implementations round
    differently, so an image can be one pixel larger in one than in another.

    The backend ``'torch'`` is torch's bilinear interpolation of float32 images
    (``LoadImageFromFile(to_float32=True)``), which torchvision's detectors use; OpenCV's differs
    by up to 0.02 of 255.

    Args:
        *args: As in mmdet.
        rounding: ``'nearest'`` (mmcv), ``'detectron2'`` (the same but for halves),
            ``'torchvision'`` (down) or ``'official'`` (the released code: the short side first).
        **kwargs: As in mmdet.

    Raises:
        ValueError: If ``rounding`` is none of these.
    """

    def __init__(self, *args, rounding: str = 'nearest', **kwargs) -> None:
        super().__init__(*args, **kwargs)
        check_choice('rounding', rounding, tuple(ROUNDINGS))
        self.rounding = rounding

    def _resize_img(self, results: dict) -> None:
        if results.get('img') is None or not self._is_special():
            super()._resize_img(results)
            return
        height, width = results['img'].shape[:2]
        scale = results['scale']
        size = scale
        if self.keep_ratio:
            size = ROUNDINGS[self.rounding](width, height, max(scale), min(scale))
        results['img'] = self._interpolate(results['img'], size)
        results['img_shape'] = results['img'].shape[:2]
        results['scale_factor'] = (size[0] / width, size[1] / height)
        results['keep_ratio'] = self.keep_ratio

    def _is_special(self) -> bool:
        return self.backend == 'torch' or self.keep_ratio and self.rounding != 'nearest'

    def _interpolate(self, image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Resize an image (H, W, 3) to (width, height)."""
        if self.backend != 'torch':
            return mmcv.imresize(image, size, interpolation=self.interpolation,
                                 backend=self.backend)
        planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None].float()
        resized = interpolate(planes, size=size[::-1], mode=self.interpolation)
        return np.ascontiguousarray(resized[0].numpy().transpose(1, 2, 0))
