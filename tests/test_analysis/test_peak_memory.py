"""The memory meter, against sizes known beforehand."""
import numpy as np
import pytest
import torch

from fcos_mm.analysis.peak_memory import highest_sum, peak_extra_memory

MILLION = 1_000_000
SLACK = 10_000  # bytes for scalars and Python's objects


@pytest.mark.parametrize('run, tensors', [
    (lambda x: (x + 1).sum(), 1),  # freed before the end
    (lambda x: x + 1 + 1 + 1, 2),  # one is freed when the next but one is made
    (lambda x: [x + 1, x + 2, x + 3], 3),  # all are kept
    (lambda x: x.add_(1), 0),
])
def test_temporaries_of_a_million_floats(run, tensors):
    x = torch.zeros(MILLION)
    peak = peak_extra_memory(lambda: run(x), 'cpu')
    assert peak == pytest.approx(tensors * 4 * MILLION, abs=SLACK)


def test_the_backward_pass_counts():
    x = torch.zeros(MILLION, requires_grad=True)
    # exp() is kept for the backward pass, which makes the gradient.
    peak = peak_extra_memory(lambda: torch.autograd.grad(x.exp().sum(), x), 'cpu')
    assert peak == pytest.approx(2 * 4 * MILLION, abs=SLACK)


def test_arrays_count_beside_tensors():
    x = torch.zeros(MILLION)
    peak = peak_extra_memory(lambda: ((x + 1).sum(), np.zeros(MILLION).sum()), 'cpu')
    assert peak == pytest.approx(4 * MILLION + 8 * MILLION, abs=SLACK)


def test_releases_of_older_memory_do_not_make_it_negative():
    assert highest_sum([-10, 4]) == 0
    assert highest_sum([]) == 0
    assert highest_sum([5, 3, -5, 1, -4]) == 8


def test_nothing_is_written_to_the_screen(capfd):
    peak_extra_memory(lambda: torch.zeros(3), 'cpu')
    assert capfd.readouterr() == ('', '')
