"""Classes and scores that are kept."""
import numpy as np
import pytest

from fcos_mm.errors import UserError
from fcos_mm.runtime.thresholds import Thresholds, class_indices


def test_kept_and_just_missed():
    thresholds = Thresholds(by_class=(0.25, 0.4), note='')
    scores = np.array([0.25, 0.24, 0.4, 0.39, 0.31, 0.14, np.nan], np.float32)
    labels = np.array([0, 0, 1, 1, 1, 0, 0])
    assert thresholds.keep(scores, labels).tolist() == [True, False, True, *[False] * 4]
    assert thresholds.near(scores, labels).tolist() == [False, True, False, True, True, False,
                                                        False]


def test_one_number_for_all_classes():
    assert Thresholds.equal(0.5, 3) == Thresholds(by_class=(0.5, 0.5, 0.5), note='0.5')
    with pytest.raises(UserError, match='--score-thr -1: scores lie between 0 and 1'):
        Thresholds.equal(-1, 3)
    with pytest.raises(UserError, match="score_thr='x' is no number"):
        Thresholds.equal('x', 3)


def test_names_of_classes():
    assert class_indices(None, ('cup', 'jar')) is None
    assert class_indices('jar', ('cup', 'jar')) == [1]
    assert class_indices(['jar', 'cup'], ('cup', 'jar')) == [1, 0]
    with pytest.raises(UserError, match="no such class. Did you mean 'cup'"):
        class_indices(['cups'], ('cup', 'jar'))
