"""Divide images so that every class keeps its share (iterative stratification).

K. Sechidis, G. Tsoumakas and I. Vlahavas, On the Stratification of Multi-Label Data, 2011.
"""
import numpy as np


def stratify(counts: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Choose units, rarest class first, so that both sides have their share of every class.

    A class of two units or more comes to both sides wherever the others allow it; a
    class of a single unit is not chosen.

    Args:
        counts: (N, C), in how many images of each unit each class is. A unit is an
            image, or several that must stay together.
        share: Of each class to choose.
        seed: Of the order in which units are taken.

    Returns:
        (N, ) bool, the units chosen.
    """
    rng = np.random.default_rng(seed)
    present = counts > 0
    chosen, open_ = np.zeros(len(counts), bool), np.ones(len(counts), bool)
    total, units = counts.sum(0).astype(float), present.sum(0)
    wanted = np.where(units > 1, np.maximum(total * share, 1), 0)
    lacking = np.stack([total - wanted, wanted])  # of either side, by class
    while (left := present[open_].sum(0)).any():
        label = int(np.where(left > 0, left, np.inf).argmin())
        for unit in rng.permutation(np.flatnonzero(open_ & present[:, label])):
            need, all_needs = lacking[:, label], lacking.sum(1)
            side = int((need[1], all_needs[1]) > (need[0], all_needs[0]))
            chosen[unit], open_[unit] = bool(side), False
            lacking[side] -= counts[unit]
    return chosen
