"""``DetDataPreprocessor``: mmdet's, which does not wait for the device to swap channels."""
from mmdet.models import DetDataPreprocessor as MMDetDetDataPreprocessor

from fcos_mm.registry import MODELS


@MODELS.register_module()
class DetDataPreprocessor(MMDetDetDataPreprocessor):
    """mmdet's data preprocessor with red and blue swapped by a flip.

    mmengine swaps them by a list of indices, which is copied to the GPU, and
    the CPU waits for the copy: once an image. Configs under
    ``default_scope='fcos_mm'`` get this class by the plain name
    ``DetDataPreprocessor``. Arguments are mmdet's.

    Args:
        args: Positional arguments of mmdet's class.
        kwargs: Its keyword arguments.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._swap = self._channel_conversion
        self._channel_conversion = False  # done before the rest

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
        if self._swap:
            images = data['inputs']
            data['inputs'] = (images.flip(-3) if hasattr(images, 'flip')
                              else [image.flip(-3) for image in images])
        data = super().forward(data, training)
        for sample in data['data_samples'] or ():
            # A batch augmentation may have changed the size without a note.
            sample.set_metainfo(dict(batch_input_shape=tuple(data['inputs'].shape[-2:])))
        return data
