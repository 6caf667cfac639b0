"""Whether a score is the probability that the detection is right."""
from typing import NamedTuple

import numpy as np


class Calibration(NamedTuple):
    """A reliability diagram and its error.

    Attributes:
        edges: Of the n bins of score, (n + 1,).
        counts: Detections in each bin, (n,).
        scores: Their mean score, (n,); nan in an empty bin.
        right: The share of them that is right, (n,); nan in an empty bin.
        error: Expected calibration error: the mean over the detections of the distance between
            mean score and share in their bin; nan without detections.
        excess: Mean score minus share of right ones, of all detections; positive: the scores
            promise too much. nan without detections.
    """

    edges: np.ndarray
    counts: np.ndarray
    scores: np.ndarray
    right: np.ndarray
    error: float
    excess: float


def calibration(scores: np.ndarray, right: np.ndarray, bins: int = 10) -> Calibration:
    """Compare scores with the share of detections that are right.

    The error is that of Guo et al., "On Calibration of Modern Neural Networks" (2017), with the
    precision of detections in the place of accuracy, as Küppers et al., "Multivariate Confidence
    Calibration for Object Detection" (2020), have it: bins of equal width, weighted by count.

    Args:
        scores: Of the detections (D,), 0 to 1.
        right: Which of them have found a box (D,).
        bins: How many.
    """
    place = (scores * bins).astype(int).clip(0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    empty = np.full(bins, np.nan)
    mean, share = (
        np.divide(np.bincount(place, weights=values, minlength=bins), counts, out=empty.copy(),
                  where=counts > 0) for values in (scores, right))
    edges = np.linspace(0, 1, bins + 1)
    if not len(scores):
        return Calibration(edges, counts, mean, share, np.nan, np.nan)
    error = np.nansum(counts * np.abs(mean - share)) / len(scores)
    return Calibration(edges, counts, mean, share, float(error),
                       float(scores.mean() - right.mean()))
