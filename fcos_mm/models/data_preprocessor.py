"""mmdet's data preprocessor without its wait for the device."""
from mmdet.models import DetDataPreprocessor as MMDetDetDataPreprocessor

from fcos_mm.registry import MODELS


@MODELS.register_module()
class DetDataPreprocessor(MMDetDetDataPreprocessor):
    """mmdet's data preprocessor with red and blue swapped by a flip.

    mmengine swaps them by a list of indices, which is copied to the GPU, and
    the CPU waits for the copy: once an image. Configs under
    ``default_scope='fcos_mm'`` get this class by the plain name
    ``DetDataPreprocessor``.

    Args:
        bgr_to_rgb: Whether to swap red and blue.
        rgb_to_bgr: The same.
        kwargs: Arguments of mmdet's class.

    Raises:
        ValueError: If both are set.
    """

    def __init__(self, *, bgr_to_rgb: bool = False, rgb_to_bgr: bool = False, **kwargs) -> None:
        if bgr_to_rgb and rgb_to_bgr:
            raise ValueError('bgr_to_rgb and rgb_to_bgr cannot both be True')
        super().__init__(**kwargs)
        self.swaps = bgr_to_rgb or rgb_to_bgr

    def forward(self, data: dict, training: bool = False) -> dict:
        """Move a batch to the device, swap channels, normalise and pad.

        Args:
            data: ``inputs``, B images (3, H, W) or one tensor (B, 3, H, W),
                and ``data_samples``.
            training: Whether batch augmentations apply.

        Returns:
            ``inputs`` (B, 3, H, W) and ``data_samples``.
        """
        data = self.cast_data(data)
        if self.swaps:
            images = data['inputs']
            data['inputs'] = (images.flip(-3) if hasattr(images, 'flip')
                              else [image.flip(-3) for image in images])
        data = super().forward(data, training)
        for sample in data['data_samples'] or ():
            # A batch augmentation may have changed the size without a note.
            sample.set_metainfo(dict(batch_input_shape=tuple(data['inputs'].shape[-2:])))
        return data
