"""Portions of a bounded size."""
import numpy as np
import pytest

from fcos_mm.compat.ops.portions import portions


@pytest.mark.parametrize('limit', [1, 2, 3, 5, 9, 100])
def test_portions_cover_all_within_the_limit(limit):
    counts = np.array([2, 0, 7, 1, 1, 0, 4])
    runs = portions(counts, limit)
    assert [owner for run in runs for owner in range(7)[run]] == list(range(7))
    for run in runs:
        assert len(counts[run]) > 0
        assert counts[run].sum() < limit + counts.max()
    assert (len(runs) == 1) == (limit >= 15)


def test_portions_of_nothing():
    assert portions(np.zeros(0, int), 5) == [slice(0, 0)]
