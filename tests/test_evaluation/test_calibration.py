"""The reliability diagram and the calibration error, by hand."""
import numpy as np
import pytest

from fcos_mm.evaluation.calibration import calibration


def test_by_hand():
    """Two bins: scores of 0.2 promise too much, those of 0.8 too little: both are 0.2 off."""
    found = calibration(np.array([.1, .3, .7, .8, .8, .9]), np.array([0, 0, 1, 1, 1, 1]) > 0, 2)
    assert found.edges.tolist() == [0, .5, 1] and found.counts.tolist() == [2, 4]
    assert found.scores == pytest.approx([.2, .8]) and found.right.tolist() == [0, 1]
    assert found.error == pytest.approx(.2)
    assert found.excess == pytest.approx(3.6 / 6 - 4 / 6)


def test_scores_of_one_belong_to_the_last_bin():
    found = calibration(np.array([0, 1.]), np.array([False, True]), 10)
    assert found.counts.tolist() == [1, *[0] * 8, 1] and found.error == 0
    assert np.isnan(found.right[1:-1]).all() and np.isnan(found.scores[1:-1]).all()


def test_nothing_found():
    found = calibration(np.zeros(0), np.zeros(0, dtype=bool))
    assert not found.counts.any() and np.isnan(found.error) and np.isnan(found.excess)
