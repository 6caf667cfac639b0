"""The network's outputs of all levels."""
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Predictions(NamedTuple):
    """Raw outputs, distances and center-ness in the order of the locations.

    Attributes:
        class_maps: L maps (B, C, H, W) of class logits as the network made
            them: they are by far the largest output, and who reads them says
            in which order.
        distances: (B, P, 4) float32 predicted (l, t, r, b); units as the head says.
        centerness_logits: (B, P) float32, or None without the branch.
    """
    class_maps: Sequence[Tensor]
    distances: Tensor
    centerness_logits: Tensor | None


def flatten_levels(maps: Sequence[Tensor]) -> Tensor:
    """Turn L maps (B, K, H, W) into one tensor (B, P, K).

    In memory the numbers of a map stay in their order, since transposing them
    would cost more than any other step: a location's K outputs lie side by side
    only if the maps are in ``channels_last`` format.
    """
    if maps[0].is_contiguous(memory_format=torch.channels_last):
        return torch.cat([m.permute(0, 2, 3, 1).flatten(1, 2) for m in maps], dim=1)
    return torch.cat([m.flatten(2).transpose(0, 1) for m in maps], dim=2).permute(1, 2, 0)
