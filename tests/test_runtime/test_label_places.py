"""Labels: where they stand, how large they are, and their colors."""
from itertools import islice

import pytest

from fcos_mm.runtime.colors import distinct, text_color
from fcos_mm.runtime.label_places import label_corner, label_width, text_height


@pytest.mark.parametrize('box, corner', [
    ((30, 50, 60, 80), (30, 37)),  # above the box
    ((30, 10, 60, 80), (30, 10)),  # no room above: in the box
    ((-5, -3, 60, 80), (0, 2)),
    ((190, 50, 199, 80), (182, 37))])  # three letters of 6 pixels to the border at 200
def test_where_a_label_stands(box, corner):
    assert label_corner(box, 'cat', 10, 200) == pytest.approx(corner)


@pytest.mark.parametrize('width, height, pixels', [(64, 48, 9), (640, 480, 13), (300, 4000, 80)])
def test_height_of_a_label(width, height, pixels):
    assert text_height(width, height) == pixels


@pytest.mark.parametrize('background, color', [
    ((250, 250, 40), 'black'), ((40, 40, 250), 'white'), ((220, 20, 60), 'white')])
def test_color_of_a_label(background, color):
    assert text_color(background) == color


def test_width_of_a_label():
    assert label_width('cat') == 3 and label_width('猫') == pytest.approx(1.6)


def test_colors_differ():
    colors = list(islice(distinct(), 80))
    assert len(set(colors)) == 80 and colors[0] == (220, 20, 60)
