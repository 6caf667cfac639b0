"""Numbers as a page shows them."""
import numpy as np
import pytest

from fcos_mm.pages.numbers import known, number, short_numbers


@pytest.mark.parametrize('value, shown', [
    (0.34567, '0.346'), (0., '0.000'), (12345, '12,345'), (1234.5, '1,234'), (-0.5, '-0.500'),
    (0.00001, '1e-05'), (np.float32(0.25), '0.250'), (np.int64(7), '7'), (None, '–'),
    (float('nan'), '–'), (float('inf'), '–')])
def test_a_number_is_short(value, shown):
    assert number(value) == shown


def test_only_finite_numbers_are_known():
    assert [known(value) for value in (0, 0.5, np.int32(1), None, float('nan'), 'text')] == [
        True, True, True, False, False, False]


@pytest.mark.parametrize('values, shown', [
    ([0, 0.25, 0.5], ['0.00', '0.25', '0.50']), ([0., 2., 4.], ['0', '2', '4']),
    ([0, 20000], ['0', '20k']), ([0, 2500000], ['0', '2.5M']), ([500, 1000], ['500', '1,000']),
    ([0, 0.0001, 0.00025], ['0', '1e-4', '2.5e-4']),
    ([0.0005, 0.01], ['0.0005', '0.01']), ([], [])])
def test_ticks_have_the_same_number_of_decimals(values, shown):
    assert short_numbers(values) == shown
