"""The confusion matrix, counted by hand."""
import numpy as np

from fcos_mm.evaluation.confusion import confusion_matrix


def test_by_hand():
    """Boxes 0, 0, 1 and a crowd of 1. Three detections match, one does not, one is in the crowd."""
    counts = confusion_matrix(
        labels=np.array([0, 1, 1, 0, 1]), matched=np.array([0, 2, 3, -1, 3]),
        box_labels=np.array([0, 0, 1, 1]), crowd=np.array([0, 0, 0, 1], dtype=bool), classes=2)
    assert counts.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 0]]


def test_taken_for_another():
    counts = confusion_matrix(np.array([1]), np.array([0]), np.array([0]), np.array([False]), 2)
    assert counts.tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]


def test_nothing_found_and_nothing_to_find():
    nothing = np.zeros(0, dtype=int)
    assert confusion_matrix(nothing, nothing, np.array([1]), np.array([False]), 2).tolist() == [
        [0, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert not confusion_matrix(nothing, nothing, np.array([1]), np.array([True]), 2).any()
    assert confusion_matrix(np.array([1]), np.array([-1]), nothing, nothing > 0, 2).tolist() == [
        [0, 0, 0], [0, 0, 0], [0, 1, 0]]
