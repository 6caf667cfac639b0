"""Pad batches to a few sizes, so that a compiled network meets few shapes."""
from collections.abc import Sequence

import torch.nn.functional as F
from mmdet.structures import DetDataSample
from torch import Tensor, nn

from fcos_mm.registry import MODELS


@MODELS.register_module()
class BatchBucketPad(nn.Module):
    """Pads a batch at the right and the bottom to the smallest bucket that holds it, if any.

    One of the ``batch_augments`` of mmdet's ``DetDataPreprocessor``.

    Args:
        sizes: (height, width) of each bucket, in pixels.
        pad_value: Value of the padding; 0 is the mean color of a normalised batch.

    Raises:
        ValueError: If there is no bucket.
    """

    def __init__(self, *, sizes: Sequence[tuple[int, int]], pad_value: float = 0.) -> None:
        super().__init__()
        if not sizes:
            raise ValueError('sizes must name at least one bucket (height, width)')
        self.sizes = sorted((tuple(size) for size in sizes), key=lambda s: s[0] * s[1])
        self.pad_value = pad_value

    def forward(self, inputs: Tensor,
                data_samples: list[DetDataSample]) -> tuple[Tensor, list[DetDataSample]]:
        """Pad the batch (B, 3, H, W) and set ``batch_input_shape`` of its samples."""
        height, width = inputs.shape[-2:]
        size = next((s for s in self.sizes if s[0] >= height and s[1] >= width), None)
        if size is None or size == (height, width):
            return inputs, data_samples
        inputs = F.pad(inputs, (0, size[1] - width, 0, size[0] - height), value=self.pad_value)
        for sample in data_samples:
            sample.set_metainfo(dict(batch_input_shape=size))
        return inputs, data_samples
