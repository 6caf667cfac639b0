"""From values to coordinates, and round values between."""
import pytest

from fcos_mm.pages.charts.scale import Scale, extent


def test_a_linear_scale_divides_evenly():
    scale = Scale(0, 10, 100, 0)
    assert [scale(value) for value in (0, 2.5, 10)] == [100, 75, 0]


def test_values_outside_lie_on_the_border():
    assert [Scale(0, 1, 0, 50)(value) for value in (-3, 4)] == [0, 50]


def test_a_logarithmic_scale_divides_decades_evenly():
    scale = Scale(1, 100, 0, 80, log=True)
    assert [scale(value) for value in (1, 10, 100)] == pytest.approx([0, 40, 80])
    assert scale(0) == 0


@pytest.mark.parametrize('low, high, ticks', [
    (0, 1, ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']), (0, 47, ['0', '10', '20', '30', '40']),
    (-0.1, 0.1, ['-0.10', '-0.05', '0.00', '0.05', '0.10'])])
def test_ticks_are_round(low, high, ticks):
    assert [label for _, label in Scale(low, high, 0, 1).ticks()] == ticks


def test_ticks_of_whole_numbers():
    assert [value for value, _ in Scale(1, 3, 0, 1).ticks(whole=True)] == [1, 2, 3]
    assert [value for value, _ in Scale(0.5, 1.5, 0, 1).ticks(whole=True)] == [1]


@pytest.mark.parametrize('low, high, ticks', [
    (30, 90000, ['100', '1,000', '10k']), (1, 10, ['1', '2', '5', '10']),
    (1e-5, 1e-3, ['1e-5', '2e-5', '5e-5', '1e-4', '2e-4', '5e-4', '0.001'])])
def test_logarithmic_ticks(low, high, ticks):
    assert [label for _, label in Scale(low, high, 0, 1, log=True).ticks()] == ticks


@pytest.mark.parametrize('values, options, result', [
    ([3, None, 1, float('nan')], {}, (1, 3)), ([], {}, None), ([None], {'given': (0, 1)}, None),
    ([5], {'given': (0, 1)}, (0, 1)), ([4, 4], {}, (2, 6)), ([0], {}, (-0.5, 0.5)),
    ([0, 9.3], {'rounded': True}, (0, 10)), ([0, 10, 100], {'log': True}, (10, 100)),
    ([8], {'log': True}, (4, 16))])
def test_the_range_of_an_axis(values, options, result):
    assert extent(values, **options) == result
