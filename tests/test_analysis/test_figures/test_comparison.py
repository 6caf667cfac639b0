"""Bars of ours beside the paper's."""
from fcos_mm.analysis.figures.comparison import Compared, draw_comparison

ROWS = [Compared('seeds', 20., 1.5, 30.), Compared('one seed', 25., None, None),
        Compared('empty', None, None, 40.)]


def draw(folder, columns=None):
    return draw_comparison(columns or dict(AP=ROWS), str(folder / 'a.png'), title='Cups')


def bars(axes):
    """(place, length) of every bar, from top to bottom."""
    return sorted((round(bar.get_y() + bar.get_height() / 2, 2), bar.get_width())
                  for bar in axes.patches)


def test_bars_are_the_figures(tmp_path):
    axes, = draw(tmp_path).axes
    # Rows stand at 0, 1, 2; ours is above the paper's by half a bar each.
    assert bars(axes) == [(-0.18, 20), (0.18, 30), (0.82, 25), (2.18, 40)]
    assert axes.get_ylim() == (2.5, -0.5), 'the first row is on top, the empty one has room'
    assert [text.get_text() for text in axes.get_yticklabels()] == ['seeds', 'one seed', 'empty']
    assert (tmp_path / 'a.png').read_bytes().startswith(b'\x89PNG')


def test_error_bars_are_the_spread(tmp_path):
    axes, = draw(tmp_path).axes
    segments = [line for lines in axes.collections for line in lines.get_segments()]
    assert [(line[0][0], line[1][0]) for line in segments] == [(18.5, 21.5)]


def test_words(tmp_path):
    figure = draw(tmp_path)
    axes, = figure.axes
    words = [text.get_text() for text in axes.texts]
    assert words == ['20.00 ± 1.50', '30.00', '25.00', '', 'not measured', '40.00']
    assert axes.get_xlabel() == 'AP (%)'
    assert figure.get_suptitle() == 'Cups'
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        'ours, mean ± standard deviation over seeds', 'the paper']


def test_one_seed_has_no_error_bars(tmp_path):
    figure = draw(tmp_path, dict(AP=ROWS[1:]))
    assert not figure.axes[0].collections
    assert figure.legends[0].get_texts()[0].get_text() == 'ours'


def test_a_panel_for_each_column(tmp_path):
    left, right = draw(tmp_path, dict(AP=ROWS, AP90=[row._replace(ours=1.) for row in ROWS])).axes
    assert (left.get_xlabel(), right.get_xlabel()) == ('AP (%)', 'AP90 (%)')
    assert [length for _, length in bars(right)] == [1, 30, 1, 1, 40]


def test_no_tick_beyond_100_percent(tmp_path):
    axes, = draw(tmp_path, dict(BPR=[Compared('a', 99., None, 98.)])).axes
    assert axes.get_xlim()[1] > 110, 'the figure behind the bar has room'
    assert max(axes.get_xticks()) == 100


def test_nothing_measured_at_all(tmp_path):
    axes, = draw(tmp_path, dict(AP=[Compared('a', None, None, None)])).axes
    assert not axes.patches
    assert axes.get_xlim()[0] == 0
