"""Rows of different lengths, written one after the other."""
import torch
from torch import Tensor


def expand(counts: Tensor) -> tuple[Tensor, Tensor]:
    """The owner of every item, and the item's place among its owner's.

    Args:
        counts: (N,) items of each owner.

    Returns:
        Two (counts.sum(),) tensors. For counts (2, 0, 3) the owners are
        0, 0, 2, 2, 2 and the places 0, 1, 0, 1, 2.
    """
    owner = torch.repeat_interleave(counts)
    first = counts.cumsum(0) - counts
    place = torch.arange(len(owner), device=counts.device)
    return owner, place.sub_(first.index_select(0, owner))


def portions(counts: Tensor, limit: int) -> list[slice]:
    """Cut the owners into runs of about ``limit`` items, to bound the memory.

    Args:
        counts: (N,) items of each owner.
        limit: items in a run, which an owner's own items may exceed.

    Returns:
        Slices that cover all owners in order; one empty slice for no owners.
    """
    total = int(counts.sum())
    if total <= limit:
        return [slice(0, len(counts))]
    last = counts.cumsum(0)
    cuts = last.new_tensor(range(limit, total, limit))
    edges = [0, *torch.searchsorted(last, cuts).tolist(), len(counts)]
    return [slice(begin, end) for begin, end in zip(edges, edges[1:], strict=False) if begin < end]
