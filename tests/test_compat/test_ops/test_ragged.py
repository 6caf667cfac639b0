"""Rows of different lengths."""
import pytest
import torch

from fcos_mm.compat.ops.ragged import expand, portions


def test_expand():
    owner, place = expand(torch.tensor([2, 0, 3]))
    assert owner.tolist() == [0, 0, 2, 2, 2]
    assert place.tolist() == [0, 1, 0, 1, 2]


@pytest.mark.parametrize('limit', [1, 2, 3, 5, 9, 100])
def test_portions_cover_all_within_the_limit(limit):
    counts = torch.tensor([2, 0, 7, 1, 1, 0, 4])
    runs = portions(counts, limit)
    assert [owner for run in runs for owner in range(7)[run]] == list(range(7))
    for run in runs:
        assert len(counts[run]) > 0
        assert counts[run].sum() < limit + counts.max()
    assert (len(runs) == 1) == (limit >= 15)


def test_portions_of_nothing():
    assert portions(torch.zeros(0, dtype=torch.long), 5) == [slice(0, 0)]
