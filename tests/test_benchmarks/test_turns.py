"""Turns and ratios."""
import pytest
from harness.turns import FEWEST_ROUNDS, ratio, time_in_turns


def test_every_other_round_goes_backwards():
    calls = []
    runs = dict(ours=lambda: calls.append('ours'), peer=lambda: calls.append('peer'))
    times = time_in_turns(runs, rounds=3, seconds=60, device='cpu')
    assert calls == ['ours', 'peer', 'peer', 'ours', 'ours', 'peer']
    assert {name: len(measured) for name, measured in times.items()} == dict(ours=3, peer=3)


@pytest.mark.parametrize('rounds, expected', [(1, 1), (100, FEWEST_ROUNDS)])
def test_no_time_left(rounds, expected):
    times = time_in_turns(dict(ours=lambda: None), rounds=rounds, seconds=0, device='cpu')
    assert len(times['ours']) == expected


def test_ratio_is_taken_within_rounds():
    # The second round met a busy machine: both took ten times as long.
    assert ratio([4., 40., 8.], [2., 20., 2.]) == (2., 2., 3.)
    assert ratio([9.], [3.]) == (3., 3., 3.)
