"""Runs of a bounded size, to bound the memory; without PyTorch."""
import numpy as np
from numpy import ndarray


def portions(counts: ndarray, limit: int) -> list[slice]:
    """Cut owners of items into runs of about ``limit`` items.

    Args:
        counts: (N,) items of each owner, which may exceed the limit.
        limit: Items in a run.

    Returns:
        Slices that cover all owners in order; one empty slice for no owners.
    """
    total = int(counts.sum())
    if total <= limit:
        return [slice(0, len(counts))]
    cuts = np.arange(limit, total, limit)
    edges = [0, *np.searchsorted(counts.cumsum(), cuts).tolist(), len(counts)]
    return [slice(begin, end) for begin, end in zip(edges, edges[1:], strict=False) if begin < end]
