"""Average precision at one IoU threshold, as COCO's evaluation computes it."""
import numpy as np

#: Those at which COCO's evaluation reads the precision, 0, 0.01, ..., 1.
RECALLS = np.linspace(0, 1, 101)


def average_precision(scores: np.ndarray, right: np.ndarray, boxes: int) -> float:
    """Average the precision over 101 recalls, like pycocotools.

    Args:
        scores: Of the detections (D,), in the order in which equal scores count.
        right: Which of them have found a box (D,).
        boxes: How many boxes there are to find.

    Returns:
        AP in 0..1, nan without boxes.
    """
    if not boxes:
        return float('nan')
    return float(precision_at_recalls(scores, right, boxes).mean())


def precision_at_recalls(scores: np.ndarray, right: np.ndarray, boxes: int) -> np.ndarray:
    """The highest precision at recall 0, 0.01, ..., 1 or a higher one, (101,); 0 where unreached.

    Arguments as for :func:`average_precision`, with at least one box.
    """
    hits = np.cumsum(right[np.argsort(-scores, kind='mergesort')])
    precision = hits / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(hits / boxes, RECALLS, side='left')
    return np.append(best, 0.)[places]
