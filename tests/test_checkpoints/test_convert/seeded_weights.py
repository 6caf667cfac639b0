"""Weights that follow from their names and shapes alone, in any layout.

Golden files were made from the same numbers: changing them here makes the files invalid.
"""
import math
import zlib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

#: Parts of names, and (mean, standard deviation) of their numbers; the first that fits applies.
#: The deviation of convolutions is relative to that of He's initialisation.
_NUMBERS = (
    ('scale', (1., 0.2)),
    ('offset.weight', (0., 0.3)),
    ('offset.bias', (0., 0.5)),
    ('stem.conv1.weight', (0., 0.01)),
    ('base_layer.0.weight', (0., 0.01)),
    ('fpn_lateral', (0., 0.1)),
    ('tree1.bn2.weight', (0.3, 0.05)),
    ('tree2.bn2.weight', (0.3, 0.05)),
    ('root.conv.weight', (0., 0.6)),
    ('cls_logits.weight', (0., 0.7)),
    ('cls_score.weight', (0., 0.7)),
    ('cls_logits.bias', (-2., 0.2)),
    ('cls_score.bias', (-1., 0.2)),
    ('bbox_pred.weight', (0., 0.5)),
    ('bbox_pred.bias', (1.3, 0.5)),
    ('conv3.norm.weight', (0.3, 0.05)),
    ('running_mean', (0., 0.1)),
)


def seeded(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Return the weights of these names and shapes."""
    return {name: _weight(name, shape) for name, shape in shapes.items()}


def _weight(name: str, shape: tuple[int, ...]) -> Tensor:
    if name.endswith('num_batches_tracked'):
        return torch.tensor(7)
    random = np.random.RandomState(zlib.crc32(name.encode()))
    if name.endswith('running_var'):
        return torch.from_numpy(random.uniform(0.5, 1.5, shape)).float()
    mean, deviation = next((numbers for part, numbers in _NUMBERS if part in name),
                           (0., 1.) if len(shape) == 4 else
                           (1., 0.1) if name.endswith('weight') else (0., 0.1))
    if len(shape) == 4:
        deviation *= math.sqrt(2 / math.prod(shape[1:]))
    return torch.from_numpy(random.normal(mean, deviation, shape)).float()
