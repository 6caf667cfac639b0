"""Colors and names of boxes."""
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fcos_mm.analysis.figures.boxes import draw_box, label_boxes, pick_colors


@pytest.fixture
def axes():
    """A panel of 400x300 pixels, each half a point wide."""
    figure = Figure(figsize=(400 / 144, 300 / 144))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 400), ylim=(300, 0))
    return axes


def test_boxes_that_overlap_differ():
    nested = np.array([[i, i, 40 - i, 40 - i] for i in range(7)], dtype=float)
    assert len(set(pick_colors(nested))) == 7
    # The eighth has to repeat one; a ninth far away is free to repeat any.
    more = np.concatenate([nested, [[8, 8, 30, 30], [100, 100, 120, 120]]])
    assert len(set(pick_colors(more))) == 7


def test_neighbours_that_do_not_overlap_take_turns():
    apart = np.array([[50 * i, 0, 50 * i + 10, 10] for i in range(7)], dtype=float)
    assert len(set(pick_colors(apart))) == 7
    # An eighth over the first has to repeat a color, but not that one.
    colors = pick_colors(np.concatenate([apart, [[5, 5, 15, 15]]]))
    assert colors[7] in colors[1:7]


def test_no_boxes_no_colors():
    assert pick_colors(np.zeros((0, 4))) == []


def test_sides(axes):
    draw_box(axes, np.array([10., 20., 40., 60.]), 'red')
    draw_box(axes, np.array([10., 20., 40., 60.]), 'red', dashed=True)
    solid, dashed = axes.patches
    assert solid.get_bbox().extents.tolist() == [10, 20, 40, 60]
    assert solid.get_linestyle() == '-' != dashed.get_linestyle()
    assert not solid.get_fill()


def extents(axes):
    """(n, 4) the drawn names, in pixels of the panel."""
    figure = axes.figure
    FigureCanvasAgg(figure).draw()
    scale = 400 / figure.bbox.width
    return [text.get_window_extent().extents * scale for text in axes.texts]


@pytest.mark.parametrize('seed', range(5))
def test_names_never_cover_each_other_and_stay_inside(axes, seed):
    random = np.random.default_rng(seed)
    near = random.uniform((-30, -30), (390, 290), (40, 2))
    boxes = np.concatenate([near, near + random.uniform(5, 150, (40, 2))], axis=1)
    names = [str(name) for name in random.choice(['wine glass', 'person', 'TV', 'umbrella'], 40)]
    label_boxes(axes, boxes, names, ['black'] * 40, points_per_pixel=0.5)
    found = extents(axes)
    assert 10 <= len(found) < 40
    for x0, y0, x1, y1 in found:
        assert x0 >= 0 and y0 >= 0 and x1 <= 400 and y1 <= 300
    for one, other in combinations(found, 2):
        assert (one[:2] >= other[2:]).any() or (other[:2] >= one[2:]).any()


def test_the_larger_box_has_precedence(axes):
    # A name is 21 pixels high: neither fits above, and both would stand in the same corner.
    boxes = np.array([[0, 14, 4, 18], [0, 14, 399, 299]], dtype=float)
    label_boxes(axes, boxes, ['small', 'large'], ['red', 'red'], points_per_pixel=0.5)
    assert [text.get_text() for text in axes.texts] == ['large']


def test_letters_stand_out_from_the_color(axes):
    boxes = np.array([[0, 30, 100, 100], [200, 30, 300, 90]], dtype=float)
    label_boxes(axes, boxes, ['blue', 'yellow'], ['#0072B2', '#F0E442'], points_per_pixel=0.5)
    assert {text.get_text(): text.get_color() for text in axes.texts} == dict(
        blue='white', yellow='black')


def test_a_box_that_reaches_over_the_image_has_its_name_inside(axes):
    label_boxes(axes, np.array([[-50., -50., 500., 500.]]), ['wall'], ['black'],
                points_per_pixel=0.5)
    (x0, y0, x1, y1), = extents(axes)
    assert 0 <= x0 < x1 <= 400 and 0 <= y0 < y1 <= 300


def test_names_that_matplotlib_would_draw_otherwise(axes):
    """A formula, and Arabic: three letters that are joined, from the right."""
    boxes = np.array([[10., 50, 100, 90], [150, 50, 240, 90]])
    label_boxes(axes, boxes, ['$a$', '\u0642\u0637\u0629'], ['black'] * 2, points_per_pixel=0.5)
    assert sorted(text.get_text() for text in axes.texts) == [
        r'\$a\$', '\ufe94\ufec4\ufed7']
