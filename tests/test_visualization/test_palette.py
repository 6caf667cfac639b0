"""A colour for every class."""
import itertools

import pytest

from fcos_mm.visualization import complete_palette

BASE = [(230, 60, 60), (60, 180, 75), (60, 120, 230)]


def test_given_colours_are_kept_and_the_others_differ():
    colors = complete_palette(BASE, 20)
    assert colors[:3] == BASE and len(colors) == 20
    apart = min(sum((a - b)**2 for a, b in zip(one, other))**0.5
                for one, other in itertools.combinations(colors, 2))
    assert apart > 60  # of 441 between black and white
    assert colors == complete_palette(BASE, 20)


def test_the_colour_made_is_the_farthest_of_those_there_are():
    # from red the farthest corner of the cube of 40..250
    assert complete_palette([(250, 40, 40)], 2) == [(250, 40, 40), (40, 250, 250)]


@pytest.mark.parametrize('palette, first', [
    (tuple(BASE), BASE[:2]),  # a tuple of colours is no colour
    ([list(color) for color in BASE], BASE[:2]),
    ((1, 2, 3), [(1, 2, 3)] * 2),  # one colour, for all
    ('green', [(0, 255, 0)] * 2),
    ('coco', [(220, 20, 60), (119, 11, 32)]),
    (['#ff0000', (1, 2)], None), ([(300, 0, 0)], None), ('no such colour', None), (7, None),
    ([], None), (None, None), ('random', None),
])
def test_kinds_of_palettes(palette, first):
    colors = complete_palette(palette, 200)
    assert len(colors) >= 200
    assert all(0 <= value <= 255 and isinstance(value, int) for color in colors for value in color)
    assert first is None or colors[:2] == first
    assert first == [colors[0]] * 2 or len(set(colors)) >= 195  # random ones may be equal


def test_more_than_are_wanted():
    assert complete_palette(BASE, 1) == BASE
