"""Figs. 4 to 6."""
import numpy as np
import pytest

from fcos_mm.analysis.figures import draw_precision_recall


@pytest.fixture
def curves():
    """A curve to recall 0.60, one that reaches recall 1, one known only from recall 0.50 on."""
    ends = np.where(np.arange(101) <= 60, 0.9, 0.)
    whole = np.linspace(1, 0.5, 101)
    partly = np.where(np.arange(101) < 50, -1., 0.25)
    return dict(ends=ends, whole=whole, partly=partly)


def draw(curves, folder, **changes):
    arguments = dict(iou=0.75, ap=dict.fromkeys(curves, 0.4056))
    arguments.update(changes)
    return draw_precision_recall(curves, str(folder / 'a.png'), **arguments)


def test_curves_are_those_given(curves, tmp_path):
    axes, = draw(curves, tmp_path).axes
    ends, whole, partly = axes.get_lines()
    # The curve falls to 0 at the first recall that is not reached, and stops there.
    np.testing.assert_allclose(ends.get_xdata(), np.arange(62) / 100)
    np.testing.assert_array_equal(ends.get_ydata(), [0.9] * 61 + [0])
    np.testing.assert_allclose(whole.get_xdata(), np.arange(101) / 100)
    np.testing.assert_array_equal(whole.get_ydata(), curves['whole'])
    np.testing.assert_allclose(partly.get_xdata(), np.arange(50, 101) / 100)
    np.testing.assert_array_equal(partly.get_ydata(), [0.25] * 51)
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.get_lines()}) == 3
    assert (tmp_path / 'a.png').read_bytes().startswith(b'\x89PNG')


def test_words(curves, tmp_path):
    figure = draw(curves, tmp_path, ap=dict(ends=0.4056, whole=1., partly=-1.))
    axes, = figure.axes
    assert axes.get_xlim() == (0, 1) and axes.get_ylim() == (0, 1)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ('recall', 'precision')
    assert 'IoU = 0.75' in axes.get_title()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        'ends, AP 40.6', 'whole, AP 100.0', 'partly, no ground truth']


def test_no_ground_truth_at_all(tmp_path):
    axes, = draw(dict(a=np.full(101, -1.)), tmp_path).axes
    assert len(axes.get_lines()[0].get_xdata()) == 0


def test_no_right_detection(tmp_path):
    axes, = draw(dict(a=np.zeros(101)), tmp_path).axes
    assert axes.get_lines()[0].get_xydata().tolist() == [[0, 0]]


def test_wrong_curves(curves, tmp_path):
    with pytest.raises(ValueError, match='AP of'):
        draw(curves, tmp_path, ap=dict(ends=0.4))
    with pytest.raises(ValueError, match=r'short: expected precision of shape \(101,\)'):
        draw(dict(short=np.ones(11)), tmp_path)
