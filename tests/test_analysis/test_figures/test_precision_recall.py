"""Figs. 4 to 6."""
import numpy as np
import pytest

from fcos_mm.analysis.figures import draw_precision_recall
from fcos_mm.evaluation.coco_files import read_truth
from fcos_mm.evaluation.table_metrics import class_agnostic_numbers


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


@pytest.mark.parametrize('nothing', [-1., float('nan')])
def test_no_ground_truth_at_all(tmp_path, nothing):
    figure = draw(dict(a=np.full(101, nothing)), tmp_path, ap=dict(a=nothing))
    assert len(figure.axes[0].get_lines()[0].get_xdata()) == 0
    assert figure.legends[0].get_texts()[0].get_text() == 'a, no ground truth'


def test_what_the_evaluation_gives_can_be_drawn(tiny_data, tmp_path):
    truth = read_truth(str(tiny_data / 'val.json'))
    # Three of the four boxes are found, and nothing else: precision 1 up to recall 0.75.
    results = [dict(row, score=0.9) for row in list(truth.anns.values())[:3]]
    numbers = class_agnostic_numbers(truth, results)
    figure = draw(dict(FCOS=numbers.precision[0.75]), tmp_path, ap=dict(FCOS=numbers.AP75))
    expected = [[place / 100, 1] for place in range(76)] + [[0.76, 0]]
    np.testing.assert_allclose(figure.axes[0].get_lines()[0].get_xydata(), expected)
    assert figure.legends[0].get_texts()[0].get_text() == 'FCOS, AP 75.2'  # 76 of 101 recalls


def test_no_right_detection(tmp_path):
    axes, = draw(dict(a=np.zeros(101)), tmp_path).axes
    assert axes.get_lines()[0].get_xydata().tolist() == [[0, 0]]


def test_wrong_curves(curves, tmp_path):
    with pytest.raises(ValueError, match='AP of'):
        draw(curves, tmp_path, ap=dict(ends=0.4))
    with pytest.raises(ValueError, match=r'short: expected precision of shape \(101,\)'):
        draw(dict(short=np.ones(11)), tmp_path)
