"""The network's outputs of all levels, flattened once."""
from typing import NamedTuple, Optional, Sequence

import torch
from torch import Tensor


class Predictions(NamedTuple):
    """Raw outputs in the order of the locations, float32.

    Attributes:
        class_logits: (B, P, C).
        distances: (B, P, 4) predicted (l, t, r, b); units as the head says.
        centerness_logits: (B, P), or None without the branch.
    """
    class_logits: Tensor
    distances: Tensor
    centerness_logits: Optional[Tensor]


def flatten_levels(maps: Sequence[Tensor]) -> Tensor:
    """Turn L maps (B, K, H, W) into one tensor (B, P, K) in float32."""
    return torch.cat([m.flatten(2).transpose(1, 2) for m in maps], dim=1).float()
