"""Which class a detector takes for which."""
import numpy as np


def confusion_matrix(labels: np.ndarray, matched: np.ndarray, box_labels: np.ndarray,
                     crowd: np.ndarray, classes: int) -> np.ndarray:
    """Count the pairs of a true and a predicted class.

    Args:
        labels: Predicted classes of the detections (D,).
        matched: Index of the box of each (D,), found without regard to classes; -1 without one.
        box_labels: True classes of the boxes (G,).
        crowd: Which boxes are crowds (G,); neither they nor detections in them count.
        classes: Their number C.

    Returns:
        Counts (C + 1, C + 1), rows the truth and columns the prediction. The last row is
        background: detections that found no box. The last column is what was missed.
    """
    truth = np.append(np.where(crowd, -1, box_labels), classes)[matched]
    missed = ~crowd
    missed[matched[matched >= 0]] = False
    rows = np.concatenate([truth, box_labels[missed]])
    columns = np.concatenate([labels, np.full(missed.sum(), classes)])
    counts = np.bincount((rows * (classes + 1) + columns)[rows >= 0],
                         minlength=(classes + 1)**2)
    return counts.reshape(classes + 1, classes + 1)
