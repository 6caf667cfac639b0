"""Levels and ranges for boxes whose assignment is worked out by hand."""
import numpy as np
import pytest
import torch

from fcos_mm.recipes.levels import fit_levels

ASSIGNER = dict(center_sampling_radius=1.5)


def squares(*sides, at=100.):
    """Boxes of these sides with the same center."""
    return torch.tensor([[at - side / 2, at - side / 2, at + side / 2, at + side / 2]
                         for side in sides])


def fit(boxes, **options):
    weight = np.full(len(boxes), 1 / len(boxes))
    return fit_levels(boxes, weight, options.pop('side', 256), ASSIGNER, **options)


def test_ranges_are_those_that_share_the_boxes_most_evenly():
    # Halves of 20, 50 and 110 pixels: 6 * 8 and 96 part them most clearly; with 8 * 8 the 50 is on
    # P3 as well, and with 3 * 8 and 4 * 8 off-center locations of a box fall to the level above.
    found = fit(squares(40, 100, 220, at=128.), levels=(3, 5))
    assert found.ranges == ((0, 48), (48, 96), (96, None))
    assert (found.answered, found.idle) == (1, 0)
    assert (found.name, found.strides) == ('P3-P5', (8, 16, 32))


def test_paper_ranges_for_large_boxes():
    found = fit(squares(80, 200, 400, 800, 1300, at=700.), side=1400, levels=(3, 7))
    assert found.ranges == ((0, 64), (64, 128), (128, 256), (256, 512), (512, None))


def test_levels_are_added_where_they_have_boxes():
    found = fit(squares(40, 80, 160, 600, at=512.), side=1024)
    assert found.levels[1] > 5 and found.idle == 0


def test_top_levels_that_would_be_idle_are_left_out():
    assert fit(squares(16, 16, 16), side=1024).levels == (3, 5)


@pytest.mark.parametrize('side, answered', [(4, 0), (6, 1)])
def test_boxes_between_the_locations_are_not_answered_for(side, answered):
    # The locations of stride 8 lie at 92 and 100; a box from 96 - 2 to 96 + 2 holds none.
    assert fit(squares(side, at=96. + (side == 6) * 2)).answered == answered


def test_locations_wanted_by_hand():
    # Around 96, in the middle between the locations 92 and 100: four within 8 pixels, of stride 8.
    box = squares(16, at=96.)
    assert fit(box, wanted=4, levels=(3, 5)).roomy == 1
    assert fit(box, wanted=5, levels=(3, 5)).roomy == 0


def test_given_levels_are_taken():
    assert fit(squares(40, 80, 160), levels=(2, 5)).levels == (2, 5)
