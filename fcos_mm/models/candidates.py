"""Which (location, class) pairs are worth a box (paper, Sec. 3.1 "Inference").

Of the millions of pairs of a batch a few thousand pass the threshold. They are
found before any score is computed, with one look at the class logits, and are
rows of flat tensors from then on, whatever their image and level.
"""
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from fcos_mm.models.locations import Locations

#: Taken off the threshold of the logits: more than the rounding of half precision.
MARGIN = 0.05


class Pairs(NamedTuple):
    """N (location, class) pairs: indices of image, location and class, (N,) each."""
    image: Tensor
    location: Tensor
    label: Tensor

    def select(self, which: Tensor) -> 'Pairs':
        """Return those of an index or a mask (N,)."""
        return Pairs(*(index[which] for index in self))


def likely_pairs(class_maps: Sequence[Tensor], probability: float) -> tuple[Pairs, Tensor]:
    """Find the pairs whose class score may be above a probability.

    None that is above is missed; those a little below may be among them.

    Args:
        class_maps: L maps (B, C, H, W) of class logits.
        probability: All pairs pass where it is not positive, none from 1 on.

    Returns:
        The N pairs, and their logits (N,).
    """
    least = torch.tensor(float(probability)).clamp(0, 1).logit().item() - MARGIN
    levels = [m.flatten(2) for m in class_maps]  # (B, C, locations) each
    peaks = torch.cat([level.amax(1) for level in levels], dim=1)  # (B, P)
    location, image = (peaks.t() >= least).nonzero(as_tuple=True)  # level by level
    ends = _ends([level.size(2) for level in levels], location.device)
    sizes = torch.searchsorted(location, F.pad(ends, [1, 0])).diff().tolist()
    logits, first = [], 0
    for level, i, place in zip(levels, image.split(sizes), location.split(sizes)):
        logits.append(level[i, :, place - first])
        first += level.size(2)
    logits = torch.cat(logits)  # (K, C)
    row, label = (logits >= least).nonzero(as_tuple=True)
    return Pairs(image[row], location[row], label), logits[row, label]


def best_of_each_level(ranking: Tensor, pairs: Pairs, locations: Locations, limit: int) -> Tensor:
    """Return the indices of the best pairs of every level of every image.

    Args:
        ranking: (N,) what the pairs are ranked by, float32, not negative.
        pairs: The N pairs.
        locations: The P locations.
        limit: Pairs a level at most, all when not positive.

    Returns:
        (K,) image by image, level by level, the best first.
    """
    ends = _ends(locations.counts, ranking.device)
    level = torch.bucketize(pairs.location, ends, right=True)
    group = pairs.image * len(ends) + level  # (N,)
    # The bits of such numbers, read as integers, have the order of the numbers.
    order = ((group << 32) - ranking.view(torch.int32)).argsort(stable=True)
    if limit <= 0:
        return order
    group = group[order]
    counts = torch.bincount(group)
    place = torch.arange(len(group), device=group.device) - (counts.cumsum(0) - counts)[group]
    return order[place < limit]


def _ends(counts: Sequence[int], device: torch.device) -> Tensor:
    """Return the (L,) index behind the last location of each level."""
    return torch.tensor(counts).cumsum(0).to(device)
